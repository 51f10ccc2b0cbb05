//! What several targets share: one shop, one way to read a source, and the accounts that must hold afterwards.

use std::sync::{LazyLock, Once};

use refrain_ingest::{
    Feeds, IdentityKey, Input, NightSettings, Place, Shop, ShopSpec, SourceSpec, Tables, assemble_night, read_source,
};
use refrain_record::Date;

/// Runs rayon's work on the calling thread: a fuzzer needs speed and one order of events, not cores.
pub fn on_one_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .build_global()
            .expect("the first pool of the process");
    });
}

/// A shop with opening hours and a zone that has summer time.
pub static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let spec = ShopSpec {
        id: "de".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        hours: Some("Mo-Fr 08:00-20:00; Sa 22:00-02:00".to_owned()),
        holidays: None,
        closed: vec!["2025-12-25".to_owned()],
        peaks: vec!["2025-11-28".to_owned()],
        hourly_cost: Some(30.0),
    };
    spec.check().expect("a good shop")
});

static KEY: LazyLock<IdentityKey> =
    LazyLock::new(|| IdentityKey::from_bytes(b"a fuzzing key, not a secret").expect("a long key"));

/// Reads `input` into `feeds`; whether or not the source can be read, its account must hold.
pub fn read(spec: &SourceSpec, input: Input<'_>, feeds: &mut Feeds) {
    on_one_thread();
    let _ = read_source(spec, &SHOP, &KEY, input, feeds);
    check_feeds(feeds);
}

/// Reads bytes as one file, see [`read`].
pub fn read_bytes(spec: &SourceSpec, bytes: &[u8], feeds: &mut Feeds) {
    let input = Input::Bytes {
        file: "file",
        reader: Box::new(bytes),
    };
    read(spec, input, feeds);
}

/// read = kept + duplicates + rejected, with kept counted from the rows.
fn check_feeds(feeds: &Feeds) {
    let mut places: Vec<Place> = Vec::new();
    for conversation in &feeds.conversations {
        places.extend(conversation.header.iter().map(|fed| fed.place));
        places.extend(conversation.messages.iter().map(|fed| fed.place));
        places.extend(conversation.events.iter().map(|fed| fed.place));
        places.extend(conversation.ratings.iter().map(|fed| fed.place));
    }
    macro_rules! add {
        ($($field:ident)+) => { $(places.extend(feeds.$field.iter().map(|fed| fed.place));)+ };
    }
    add!(orders order_lines checkouts returns campaigns sends campaign_events faq_entries help_searches);
    for account in feeds.accounts() {
        let of_feed = places.iter().filter(|place| place.feed == account.feed);
        let kept: u64 = of_feed.map(|place| u64::from(place.units)).sum();
        assert_eq!(
            account.read,
            kept + account.duplicates + account.rejected,
            "{account:?}"
        );
    }
}

/// One night over `feeds`: read = kept + duplicates + rejected + later, and each key of a table once.
pub fn check_night(feeds: &Feeds) {
    let as_of: Date = "2025-11-30".parse().expect("a date");
    let shops = std::slice::from_ref(&*SHOP);
    let night = assemble_night(Tables::default(), feeds, shops, &NightSettings::new(as_of));
    for account in &night.accounts {
        assert_eq!(
            account.read,
            account.kept + account.duplicates + account.rejected + account.later,
            "{account:?}"
        );
    }
    let orders = &night.tables.orders;
    assert!(orders.is_sorted_by(|a, b| a.order_id < b.order_id || a.shop_id < b.shop_id));
    // The same rows again over what the night left change nothing.
    let again = assemble_night(night.tables.clone(), feeds, shops, &NightSettings::new(as_of));
    assert!(again.tables == night.tables, "a night run twice differs");
}

/// Small choices of a target, taken from the first bytes of its input.
pub struct Choices(u32);

impl Choices {
    /// Splits two bytes off `data`; seeds write them as two printable characters.
    pub fn split(data: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = data.split_first_chunk::<2>()?;
        Some((Self(u32::from(u16::from_le_bytes(*head))), rest))
    }

    /// One of `options`.
    pub fn pick<T: Copy>(&mut self, options: &[T]) -> T {
        let count = u32::try_from(options.len()).expect("few options");
        let at = self.0 % count;
        self.0 /= count;
        options[at as usize]
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.pick(&[false, true])
    }
}
