//! The usual shops, effects and incidents.

use std::collections::BTreeMap;

use refrain_record::Date;

use crate::config::{EffectSizes, Helpdesk, Incident, IncidentKind, ShopConfig};

impl ShopConfig {
    /// The German shop: Berlin, euro, customers in German, Danish and Dutch.
    #[must_use]
    pub fn german() -> Self {
        Self {
            id: "de".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            currency: "EUR".to_owned(),
            share: 0.6,
            languages: weights(&[("de", 0.70), ("da", 0.15), ("nl", 0.15)]),
            hours: [[8, 20], [9, 14]],
            holidays: "DE-BY".to_owned(),
            peaks: vec![day(2025, 11, 28), day(2026, 11, 27)],
            hourly_cost: 32.0,
            helpdesk: Helpdesk::ChatJsonl,
        }
    }

    /// The British shop: London, pound, customers in English and Chinese.
    #[must_use]
    pub fn british() -> Self {
        Self {
            id: "uk".to_owned(),
            timezone: "Europe/London".to_owned(),
            currency: "GBP".to_owned(),
            share: 0.4,
            languages: weights(&[("en", 0.88), ("zh", 0.12)]),
            hours: [[8, 20], [9, 14]],
            holidays: "GB-ENG".to_owned(),
            peaks: vec![day(2025, 11, 28), day(2026, 11, 27)],
            hourly_cost: 28.0,
            helpdesk: Helpdesk::Csv,
        }
    }
}

impl EffectSizes {
    /// Nothing causes anything: every estimate should come out near 1.
    #[must_use]
    pub fn none() -> Self {
        Self {
            cart_abandoned: BTreeMap::new(),
            returned: BTreeMap::new(),
            purchase_after_bad_contact: 1.0,
            campaign_contacts: BTreeMap::new(),
            confounding: 0.0,
        }
    }

    /// Effects that need a large season to be seen.
    #[must_use]
    pub fn small() -> Self {
        Self {
            cart_abandoned: weights(&[
                ("website/checkout_error", 1.3),
                ("shipping/cost", 1.3),
                ("payment/failed", 1.2),
            ]),
            returned: weights(&[("product/size_fit", 1.4), ("product/information", 0.9)]),
            purchase_after_bad_contact: 0.85,
            campaign_contacts: weights(&[("sale", 0.006), ("launch", 0.003)]),
            confounding: 0.0,
        }
    }

    /// Effects that the demo's 20,000 conversations show; the default.
    #[must_use]
    pub fn large() -> Self {
        Self {
            cart_abandoned: weights(&[
                ("website/checkout_error", 2.0),
                ("shipping/cost", 2.0),
                ("payment/failed", 1.8),
                ("discount/code_not_working", 1.5),
                ("product/information", 0.5),
                ("presales/recommendation", 0.35),
            ]),
            returned: weights(&[
                ("product/size_fit", 2.2),
                ("product/quality", 1.8),
                ("product/damaged", 1.8),
            ]),
            purchase_after_bad_contact: 0.45,
            campaign_contacts: weights(&[("sale", 0.020), ("launch", 0.008), ("reactivation", 0.016)]),
            confounding: 0.0,
        }
    }

    /// No effect on carts, but people new to the shop ask more *and* abandon more: crude figures mislead.
    #[must_use]
    pub fn confounded() -> Self {
        Self {
            confounding: 1.0,
            ..Self::none()
        }
    }
}

impl Default for EffectSizes {
    fn default() -> Self {
        Self::large()
    }
}

impl Incident {
    /// The demo's four: a carrier's strike, a day of double charges, a leaking product, a code that heals.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let incident = |id: &str, shop: &str, kind, from, to| Self {
            id: id.to_owned(),
            shop: shop.to_owned(),
            kind,
            from,
            to,
        };
        vec![
            incident(
                "carrier-strike",
                "de",
                IncidentKind::CarrierStrike {
                    carrier: "Blitzpost".to_owned(),
                },
                day(2026, 3, 9),
                day(2026, 3, 13),
            ),
            incident(
                "charged-twice",
                "uk",
                IncidentKind::ChargedTwice { share: 0.3 },
                day(2026, 5, 12),
                day(2026, 5, 12),
            ),
            incident(
                "leaking-kettle",
                "de",
                IncidentKind::LeakingProduct {
                    sku: "KI-2403".to_owned(),
                    share: 0.5,
                },
                day(2026, 6, 15),
                day(2026, 11, 30),
            ),
            incident(
                "welcome-code",
                "uk",
                IncidentKind::FadingCode { share: 0.010 },
                day(2025, 10, 1),
                day(2026, 2, 28),
            ),
        ]
    }
}

fn weights(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
    pairs
        .iter()
        .map(|(name, weight)| ((*name).to_owned(), *weight))
        .collect()
}

pub(crate) fn day(year: i16, month: i8, day: i8) -> Date {
    // Only called with real dates; the epoch would show up at once.
    Date::from_ymd(year, month, day).unwrap_or_default()
}
