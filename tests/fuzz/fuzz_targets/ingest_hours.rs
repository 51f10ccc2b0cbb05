//! Opening hours: open time never exceeds the time between, and adds up.
#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use refrain_fuzz::Choices;
use refrain_ingest::OpeningHours;
use refrain_record::{Date, Timestamp};

fuzz_target!(|data: &[u8]| {
    let Some((mut choices, rest)) = Choices::split(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let zone = choices.pick(&["Europe/Berlin", "UTC", "America/Sao_Paulo", "Australia/Lord_Howe"]);
    let zone = TimeZone::get(zone).expect("a bundled zone");
    // Days around both clock changes, at any minute.
    let day = choices.pick(&[20_385_i64, 20_177, 20_000, 0]);
    let minute = i64::from(choices.pick(&[0_u16, 1, 59, 60, 120, 179, 720, 1439]));
    let closed = vec![Date(20_386), Date(20_178)];
    let Ok(hours) = OpeningHours::parse(text, closed, zone) else {
        return;
    };
    let start = Timestamp((day * 86_400 + minute * 60) * 1_000_000);
    let (middle, end) = (start.plus_seconds(33 * 3600), start.plus_seconds(8 * 86_400 + 60));
    let total = hours.seconds_between(start, end);
    assert!((0..=8 * 86_400 + 60).contains(&total), "{total}");
    assert_eq!(
        total,
        hours.seconds_between(start, middle) + hours.seconds_between(middle, end)
    );
    assert_eq!(hours.seconds_between(end, start), 0);
    let second = hours.seconds_between(start, start.plus_seconds(1));
    assert_eq!(second == 1, hours.is_open_at(start));
});
