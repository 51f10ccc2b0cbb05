//! What the shops sell and how it travels. Item names stand in the phrase files, in this order.

/// Category, SKU prefix, price in cents, number of items.
static CATEGORIES: &[(&str, &str, i64, usize)] = &[
    ("fashion", "FA", 4_900, 10),
    ("bags", "BA", 6_900, 4),
    ("electronics", "EL", 9_900, 8),
    ("kitchen", "KI", 5_900, 6),
    ("home", "HO", 7_900, 6),
    ("outdoor", "OU", 8_900, 4),
    ("toys", "TO", 3_400, 2),
];

/// Items of all categories.
pub(crate) const NUM_ITEMS: usize = 40;
/// The first items are those worn on the body.
pub(crate) const NUM_FASHION: usize = 10;
/// Colours or sizes of each item.
pub(crate) const VARIANTS: usize = 3;

/// Base chance that an order comes back; the same for all categories, so that crude return figures are not confounded.
pub(crate) const RETURN_RATE: f64 = 0.14;

/// Carrier, weight, median days on the road.
pub(crate) static CARRIERS: &[(&str, f64, f64)] = &[
    ("Blitzpost", 0.45, 2.0),
    ("Nordpaket", 0.30, 2.5),
    ("Kurio", 0.20, 3.0),
    ("ParcelJet", 0.05, 1.2),
];
pub(crate) static PAYMENTS: &[(&str, f64)] = &[
    ("card", 0.38),
    ("wallet", 0.30),
    ("invoice", 0.20),
    ("bank_transfer", 0.07),
    ("gift_card", 0.05),
];
pub(crate) static REASONS: &[(&str, f64)] = &[
    ("too_small", 0.22),
    ("too_large", 0.14),
    ("not_as_described", 0.14),
    ("damaged", 0.10),
    ("defective", 0.08),
    ("changed_mind", 0.26),
    ("late", 0.06),
];

/// An item in one of its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) index: usize,
    pub(crate) variant: usize,
}

impl Item {
    pub(crate) fn is_fashion(self) -> bool {
        self.index < NUM_FASHION
    }

    pub(crate) fn category(self) -> &'static str {
        self.place().0
    }

    /// `KI-2403`: category, item inside it, variant.
    pub(crate) fn sku(self) -> String {
        let (_, prefix, _, within) = self.place();
        format!("{prefix}-2{within}0{}", self.variant + 1)
    }

    pub(crate) fn price_cents(self) -> i64 {
        let (_, _, base, within) = self.place();
        base + within as i64 * 1_100 + self.variant as i64 * 200
    }

    fn place(self) -> (&'static str, &'static str, i64, usize) {
        let mut left = self.index;
        for &(name, prefix, price, count) in CATEGORIES {
            if left < count {
                return (name, prefix, price, left + 1);
            }
            left -= count;
        }
        ("other", "OT", 1_900, left + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_unique() {
        assert_eq!(CATEGORIES.iter().map(|c| c.3).sum::<usize>(), NUM_ITEMS);
        let all = (0..NUM_ITEMS).flat_map(|index| (0..VARIANTS).map(move |variant| Item { index, variant }.sku()));
        let skus: std::collections::BTreeSet<_> = all.collect();
        assert_eq!(skus.len(), NUM_ITEMS * VARIANTS);
        // The incident's kettle is item 25.
        assert_eq!(Item { index: 25, variant: 2 }.sku(), "KI-2403");
    }
}
