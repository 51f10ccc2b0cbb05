//! The campaign calendar of a shop: five types on two channels, with some planned beyond the season's end.

use crate::calendar::Calendar;
use crate::rng::Rng;

/// Type, campaigns a year, share of the opted-in audience each reaches relative to the others, click rate, order lift.
pub(crate) static TYPES: &[CampaignType] = &[
    CampaignType {
        name: "newsletter",
        per_year: 12.0,
        reach: 1.0,
        click: 0.04,
        orders: 0.004,
    },
    CampaignType {
        name: "sale",
        per_year: 8.0,
        reach: 1.2,
        click: 0.08,
        orders: 0.030,
    },
    CampaignType {
        name: "launch",
        per_year: 8.0,
        reach: 0.7,
        click: 0.06,
        orders: 0.010,
    },
    CampaignType {
        name: "reactivation",
        per_year: 8.0,
        reach: 0.5,
        click: 0.03,
        orders: 0.008,
    },
    CampaignType {
        name: "loyalty",
        per_year: 8.0,
        reach: 0.6,
        click: 0.07,
        orders: 0.012,
    },
    CampaignType {
        name: "gift_guide",
        per_year: 8.0,
        reach: 0.6,
        click: 0.05,
        orders: 0.010,
    },
];

/// Share of every audience that is held back.
pub(crate) const HOLDOUT: f64 = 0.10;

/// What a type of campaign does, apart from the contacts it brings.
#[derive(Debug)]
pub(crate) struct CampaignType {
    pub(crate) name: &'static str,
    per_year: f64,
    pub(crate) reach: f64,
    pub(crate) click: f64,
    pub(crate) orders: f64,
}

/// One campaign.
#[derive(Debug)]
pub(crate) struct Campaign {
    pub(crate) id: String,
    pub(crate) kind: usize,
    pub(crate) channel: &'static str,
    pub(crate) code: Option<String>,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) is_planned: bool,
}

/// All campaigns of a shop, by start; those after the season's end are planned and have no sends.
pub(crate) fn plan_campaigns(seed: u64, shop: usize, calendar: &Calendar) -> Vec<Campaign> {
    let mut rng = Rng::of(&[seed, shop as u64, 0xCA]);
    let (first, last) = (calendar.start(), calendar.end());
    let num_days = (last - first) / 86_400;
    let mut starts = Vec::new();
    for (kind, about) in TYPES.iter().enumerate() {
        let step_days = 365.0 / about.per_year;
        let mut day = rng.between(2.0, step_days);
        while day < num_days as f64 + 35.0 {
            starts.push((day as i32, kind));
            day += step_days * rng.between(0.7, 1.3);
        }
    }
    starts.sort_unstable();
    let mut campaigns = Vec::with_capacity(starts.len());
    for (at, (day, kind)) in starts.into_iter().enumerate() {
        let starts_at = calendar.utc(day, [9, 10, 17][rng.below(3)] * 3600);
        let about = &TYPES[kind];
        let code = (about.orders > 0.005)
            .then(|| format!("{}{}", ["SAVE", "HELLO", "JOY", "STAR"][rng.below(4)], rng.int(10, 99)));
        campaigns.push(Campaign {
            id: format!("cmp{:03}", at + 1),
            kind,
            channel: if rng.chance(0.3) { "whatsapp" } else { "email" },
            code,
            starts_at,
            ends_at: starts_at + rng.int(3, 10) * 86_400,
            is_planned: starts_at >= last,
        });
    }
    campaigns
}
