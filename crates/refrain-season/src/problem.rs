//! The problems customers have: how often, when, and how hard they are. All constants of the planted truth stand here.
//!
//! `rate` is per unit of the anchor (order, delivery, checkout, return, ...), before incidents and `RATE_SCALE`.

/// What a problem's lag is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Each order, from the order's time.
    Ordered,
    /// Each shipped order, from shipping.
    Shipped,
    /// Each late order, from the promised time.
    Late,
    /// Each lost order, from the promised time.
    Lost,
    /// Each delivered order, from delivery.
    Delivered,
    /// Each delivered order with a fashion item, from delivery.
    Worn,
    /// Each return or cancellation, from its opening.
    Returned,
    /// Each return that will be opened, before it.
    BeforeReturn,
    /// Each shopping session, before its checkout.
    Session,
    /// Each order, from any time in the two months after it.
    Anytime,
}

/// A problem; those with `#` in the id are special cases of their tag with phrases of their own.
#[derive(Debug, Clone, Copy)]
pub struct Problem {
    /// Leaf tag, or `tag#case`.
    pub id: &'static str,
    /// Leaf tag.
    pub tag: &'static str,
    pub(crate) anchor: Anchor,
    pub(crate) rate: f64,
    /// Median of the lag in hours; its logarithm's deviation is 0.8.
    pub(crate) lag_h: f64,
    /// Chance that a contact is not solved.
    pub(crate) hard: f64,
    /// Chance that the bot alone can solve it.
    pub(crate) bot: f64,
    /// What the customer does; `None` where the words decide.
    pub(crate) act: Option<&'static str>,
}

const Q: Option<&str> = Some("act/question");
const C: Option<&str> = Some("act/complaint");
const R: Option<&str> = Some("act/request");
const M: Option<&str> = None;

const fn p(
    id: &'static str,
    anchor: Anchor,
    rate: f64,
    lag_h: f64,
    hard: f64,
    bot: f64,
    act: Option<&'static str>,
) -> Problem {
    Problem {
        id,
        tag: id,
        anchor,
        rate,
        lag_h,
        hard,
        bot,
        act,
    }
}

const fn special(
    id: &'static str,
    tag: &'static str,
    anchor: Anchor,
    lag_h: f64,
    hard: f64,
    act: Option<&'static str>,
) -> Problem {
    Problem {
        id,
        tag,
        anchor,
        rate: 0.0,
        lag_h,
        hard,
        bot: 0.0,
        act,
    }
}

/// Factor on all rates: about one conversation to eight orders, repeats and noise included.
pub(crate) const RATE_SCALE: f64 = 0.69;
/// Problem of the leaking product.
pub(crate) const LEAKING: &str = "product/defective#leaking";
/// Problem of the refused welcome code.
pub(crate) const WELCOME_CODE: &str = "discount/code_not_working#welcome";

use Anchor::{Anytime, BeforeReturn, Delivered, Late, Lost, Ordered, Returned, Session, Shipped, Worn};

#[rustfmt::skip]
static PROBLEMS: &[Problem] = &[
    //  tag                         anchor        rate    lag_h  hard  bot   act
    p("shipping/status",            Shipped,      0.0110,  40.0, 0.12, 0.50, Q),
    p("shipping/delay",             Late,         0.1200,  20.0, 0.28, 0.15, C),
    p("shipping/lost",              Lost,         0.6500,  60.0, 0.40, 0.00, C),
    p("shipping/cost",              Session,      0.0022,   1.0, 0.15, 0.40, M),
    p("shipping/address_change",    Ordered,      0.0020,   5.0, 0.20, 0.15, R),
    p("shipping/carrier_complaint", Delivered,    0.0030,  12.0, 0.40, 0.00, C),
    p("shipping/tracking_broken",   Shipped,      0.0018,  20.0, 0.20, 0.25, M),
    p("shipping/international",     Session,      0.0012,   8.0, 0.10, 0.45, Q),
    p("shipping/pickup_point",      Shipped,      0.0015,  30.0, 0.18, 0.30, M),
    p("order/change",               Ordered,      0.0025,   3.0, 0.22, 0.10, R),
    p("order/cancel",               Ordered,      0.0028,   6.0, 0.18, 0.25, R),
    p("order/confirmation_missing", Ordered,      0.0018,   4.0, 0.10, 0.35, M),
    p("order/missing_item",         Delivered,    0.0024,  14.0, 0.25, 0.00, C),
    p("order/wrong_item",           Delivered,    0.0022,  14.0, 0.25, 0.00, C),
    p("order/invoice",              Ordered,      0.0024,  90.0, 0.10, 0.45, R),
    p("product/damaged",            Delivered,    0.0032,  10.0, 0.20, 0.00, C),
    p("product/defective",          Delivered,    0.0034, 200.0, 0.30, 0.00, C),
    p("product/size_fit",           Worn,         0.0130,  30.0, 0.15, 0.15, M),
    p("product/quality",            Delivered,    0.0026,  48.0, 0.35, 0.00, C),
    p("product/information",        Session,      0.0036,   6.0, 0.10, 0.30, Q),
    p("product/availability",       Session,      0.0030,   8.0, 0.15, 0.40, Q),
    p("product/compatibility",      Session,      0.0016,   8.0, 0.15, 0.15, Q),
    p("product/warranty",           Delivered,    0.0013, 700.0, 0.25, 0.10, M),
    p("return/request",             BeforeReturn, 0.0320,  20.0, 0.12, 0.35, R),
    p("return/label",               BeforeReturn, 0.0160,  16.0, 0.15, 0.40, R),
    p("return/policy",              Delivered,    0.0016,  60.0, 0.08, 0.50, Q),
    p("return/status",              Returned,     0.0220, 120.0, 0.20, 0.30, M),
    p("return/exchange",            Worn,         0.0050,  50.0, 0.18, 0.15, R),
    p("refund/status",              Returned,     0.0340, 200.0, 0.28, 0.20, M),
    p("refund/amount",              Returned,     0.0090, 220.0, 0.32, 0.00, C),
    p("refund/request",             Delivered,    0.0018,  80.0, 0.30, 0.05, R),
    p("payment/failed",             Session,      0.0022,   0.6, 0.22, 0.15, C),
    p("payment/charged_twice",      Ordered,      0.0008,  20.0, 0.25, 0.00, C),
    p("payment/methods",            Session,      0.0012,   3.0, 0.06, 0.55, Q),
    p("payment/pay_later",          Ordered,      0.0014, 220.0, 0.15, 0.30, Q),
    p("payment/fraud",              Anytime,      0.0006, 300.0, 0.35, 0.00, C),
    p("discount/code_not_working",  Session,      0.0020,   0.8, 0.15, 0.20, C),
    p("discount/conditions",        Session,      0.0014,   4.0, 0.10, 0.40, Q),
    p("discount/price_match",       Ordered,      0.0009,  60.0, 0.35, 0.05, R),
    p("discount/gift_card",         Anytime,      0.0009, 300.0, 0.18, 0.25, M),
    p("discount/loyalty",           Anytime,      0.0009, 300.0, 0.18, 0.25, Q),
    p("account/login",              Anytime,      0.0018, 300.0, 0.15, 0.40, M),
    p("account/data_change",        Anytime,      0.0010, 300.0, 0.10, 0.30, R),
    p("account/delete",             Anytime,      0.0007, 600.0, 0.15, 0.15, R),
    p("account/newsletter",         Anytime,      0.0010, 300.0, 0.15, 0.35, R),
    p("website/checkout_error",     Session,      0.0026,   0.7, 0.30, 0.05, C),
    p("website/slow",               Session,      0.0007,   1.5, 0.30, 0.05, C),
    p("website/search",             Session,      0.0007,   2.0, 0.20, 0.10, M),
    p("presales/recommendation",    Session,      0.0018,  10.0, 0.08, 0.10, Q),
    p("presales/stock_alert",       Session,      0.0010,  20.0, 0.10, 0.40, R),
    p("service/no_answer",          Anytime,      0.0008, 300.0, 0.40, 0.00, C),
    p("service/staff_complaint",    Anytime,      0.0006, 300.0, 0.50, 0.00, C),
    p("service/callback",           Anytime,      0.0008, 300.0, 0.25, 0.05, R),
    p("service/supervisor",         Anytime,      0.0006, 300.0, 0.50, 0.00, R),
    p("service/opening_hours",      Anytime,      0.0008, 300.0, 0.03, 0.75, Q),
    p("store/collect",              Ordered,      0.0012,  30.0, 0.10, 0.35, Q),
    special(LEAKING,      "product/defective",         Delivered, 90.0, 0.35, C),
    special(WELCOME_CODE, "discount/code_not_working", Session,    0.8, 0.15, C),
];

impl Problem {
    /// Every problem of a season, in a fixed order.
    #[must_use]
    pub fn all() -> &'static [Self] {
        PROBLEMS
    }

    /// Index in [`Self::all`]; the first one for an unknown id.
    pub(crate) fn index(id: &str) -> usize {
        PROBLEMS.iter().position(|p| p.id == id).unwrap_or(0)
    }

    /// `shipping` of `shipping/delay`.
    pub(crate) fn group(&self) -> &'static str {
        self.tag.split_once('/').map_or(self.tag, |(group, _)| group)
    }

    /// Stage facet of a contact about it.
    pub(crate) fn stage(&self) -> &'static str {
        if self.anchor == Session {
            "stage/pre_purchase"
        } else {
            "stage/after_sales"
        }
    }
}

/// Topics that come along with another one, and how often.
pub(crate) static COMPANIONS: &[(&str, &str, f64)] = &[
    ("shipping/delay", "shipping/tracking_broken", 0.08),
    ("shipping/delay", "refund/request", 0.06),
    ("shipping/delay", "order/cancel", 0.06),
    ("shipping/lost", "refund/request", 0.20),
    ("order/missing_item", "refund/request", 0.10),
    ("order/wrong_item", "return/label", 0.15),
    ("product/damaged", "return/label", 0.12),
    ("product/damaged", "refund/request", 0.10),
    ("product/defective", "product/warranty", 0.15),
    ("product/defective", "refund/request", 0.10),
    ("product/size_fit", "return/exchange", 0.12),
    ("product/quality", "refund/request", 0.12),
    ("refund/status", "service/no_answer", 0.10),
    ("return/request", "return/label", 0.08),
    ("shipping/cost", "shipping/international", 0.08),
    ("payment/failed", "payment/methods", 0.10),
    ("presales/recommendation", "product/availability", 0.10),
    ("shipping/carrier_complaint", "service/callback", 0.06),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_companions_exist() {
        let ids: std::collections::BTreeSet<_> = PROBLEMS.iter().map(|p| p.id).collect();
        assert_eq!(ids.len(), PROBLEMS.len());
        assert_eq!(PROBLEMS.iter().filter(|p| !p.id.contains('#')).count(), 56);
        for (main, other, share) in COMPANIONS {
            assert!(
                ids.contains(main) && ids.contains(other) && *share < 0.5,
                "{main} {other}"
            );
        }
    }
}
