//! Who is one person: customer keys of a shop that share an identity, as long as few enough share it.

use refrain_record::tables::Identity;
use refrain_record::{CustomerKey, PersonKey};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::feeds::SeenOn;
use crate::night::ledger::Clocks;
use crate::night::tables::upsert;
use crate::{Feeds, IdentitySeen};

/// All identities up to the night with their persons, sorted by key.
///
/// A person's key is the smallest of the joined customer keys, so it changes only when a smaller one joins. An
/// identity of more than `max_customers` keys joins none of them.
pub(crate) fn resolve_people(
    prior: Vec<Identity>,
    feeds: &Feeds,
    clocks: &Clocks<'_>,
    max_customers: usize,
) -> Vec<Identity> {
    let seen = feeds
        .identities
        .iter()
        .filter_map(|(seen, on)| fresh_identity(seen, *on, clocks))
        .collect::<Vec<_>>();
    let mut rows = unite(prior, seen);
    join(&mut rows, max_customers);
    rows
}

fn fresh_identity(seen: &IdentitySeen, on: SeenOn, clocks: &Clocks<'_>) -> Option<Identity> {
    let clock = clocks.of(&seen.shop_id);
    let first = on.first.filter(|date| clock.verdict_of_date(*date).is_none());
    (first.is_some() || on.undated).then(|| Identity {
        shop_id: seen.shop_id.clone(),
        source: seen.source.clone(),
        customer_key: seen.customer_key.clone(),
        kind: seen.kind,
        identity_hash: seen.identity_hash.clone(),
        person_key: PersonKey::default(),
        is_shared: false,
        first_seen: first,
    })
}

/// One row for each key, with the earliest date on which either knew it.
fn unite(prior: Vec<Identity>, fresh: Vec<Identity>) -> Vec<Identity> {
    type Key = (
        refrain_record::ShopId,
        refrain_record::SourceId,
        CustomerKey,
        refrain_record::IdentityKind,
        String,
    );
    let key = |row: &Identity| -> Key {
        (
            row.shop_id.clone(),
            row.source.clone(),
            row.customer_key.clone(),
            row.kind,
            row.identity_hash.clone(),
        )
    };
    let known: FxHashMap<Key, Option<refrain_record::Date>> = prior
        .iter()
        .filter(|row| row.first_seen.is_some())
        .map(|row| (key(row), row.first_seen))
        .collect();
    let mut fresh = fresh;
    for row in &mut fresh {
        if let Some(Some(before)) = known.get(&key(row)) {
            row.first_seen = Some(row.first_seen.map_or(*before, |date| date.min(*before)));
        }
    }
    upsert(prior, fresh)
}

fn join(rows: &mut [Identity], max_customers: usize) {
    // Keys of different shops never meet, since every hash is made with the shop; the shop is kept in the key still.
    let mut numbers: FxHashMap<(&str, &str), usize> = FxHashMap::default();
    let mut owners: Vec<usize> = Vec::with_capacity(rows.len());
    let mut names: Vec<&CustomerKey> = Vec::new();
    for row in rows.iter() {
        let number = *numbers
            .entry((row.shop_id.as_str(), row.customer_key.as_str()))
            .or_insert_with(|| {
                names.push(&row.customer_key);
                names.len() - 1
            });
        owners.push(number);
    }
    let mut sharing: FxHashMap<(&str, &str), FxHashSet<usize>> = FxHashMap::default();
    for (row, owner) in rows.iter().zip(&owners) {
        sharing
            .entry((row.shop_id.as_str(), row.identity_hash.as_str()))
            .or_default()
            .insert(*owner);
    }
    let mut persons = UnionFind::new(names.len());
    for sharers in sharing.values().filter(|sharers| sharers.len() <= max_customers) {
        let mut sharers = sharers.iter();
        if let Some(first) = sharers.next() {
            sharers.for_each(|other| persons.unite(*first, *other));
        }
    }
    // The smallest key of each group, whatever order the groups grew in.
    let mut smallest: Vec<&CustomerKey> = names.clone();
    for (number, name) in names.iter().enumerate() {
        let root = persons.root(number);
        if *name < smallest[root] {
            smallest[root] = name;
        }
    }
    let results: Vec<(PersonKey, bool)> = rows
        .iter()
        .zip(&owners)
        .map(|(row, owner)| {
            let is_shared = sharing
                .get(&(row.shop_id.as_str(), row.identity_hash.as_str()))
                .is_some_and(|sharers| sharers.len() > max_customers);
            (PersonKey::from(smallest[persons.root(*owner)].as_str()), is_shared)
        })
        .collect();
    for (row, (person_key, is_shared)) in rows.iter_mut().zip(results) {
        row.person_key = person_key;
        row.is_shared = is_shared;
    }
}

struct UnionFind {
    parents: Vec<usize>,
}

impl UnionFind {
    fn new(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
        }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parents[node] != node {
            self.parents[node] = self.parents[self.parents[node]];
            node = self.parents[node];
        }
        node
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use refrain_record::IdentityKind;

    fn row(customer: &str, hash: &str) -> Identity {
        Identity {
            shop_id: "de".into(),
            source: "desk".into(),
            customer_key: customer.into(),
            kind: IdentityKind::Email,
            identity_hash: hash.to_owned(),
            person_key: PersonKey::default(),
            is_shared: false,
            first_seen: None,
        }
    }

    #[test]
    fn shared_identities_join_and_hubs_do_not() {
        let mut rows = vec![
            row("b", "x"),
            row("a", "x"),
            row("b", "y"),
            row("c", "y"),
            row("d", "hub"),
        ];
        rows.extend(["e", "f", "g", "h", "i"].map(|customer| row(customer, "hub")));
        join(&mut rows, 5);
        let persons: Vec<_> = rows
            .iter()
            .map(|row| (row.person_key.as_str(), row.is_shared))
            .collect();
        assert_eq!(
            persons[..5],
            [("a", false), ("a", false), ("a", false), ("a", false), ("d", true)]
        );
        assert_eq!(
            persons[5..].iter().map(|p| p.0).collect::<Vec<_>>(),
            ["e", "f", "g", "h", "i"]
        );
    }

    proptest! {
        /// Against joining pair by pair until nothing changes.
        #[test]
        fn agrees_with_the_obvious(pairs in prop::collection::vec((0u8..12, 0u8..8), 0..40), max in 1usize..5) {
            let pairs: std::collections::BTreeSet<_> = pairs.into_iter().collect();
            let mut rows: Vec<_> = pairs.iter().map(|(c, h)| row(&format!("c{c:02}"), &format!("h{h}"))).collect();
            join(&mut rows, max);
            let mut person: std::collections::BTreeMap<u8, u8> = pairs.iter().map(|(c, _)| (*c, *c)).collect();
            for _ in 0..12 {
                for h in 0..8 {
                    let sharers: Vec<u8> = pairs.iter().filter(|p| p.1 == h).map(|p| p.0).collect();
                    if sharers.len() <= max {
                        let least = sharers.iter().map(|c| person[c]).min();
                        person.extend(sharers.iter().zip(least.iter().cycle()).map(|(c, least)| (*c, *least)));
                    }
                }
            }
            for ((c, _), row) in pairs.iter().zip(&rows) {
                prop_assert_eq!(row.person_key.as_str(), format!("c{:02}", person[c]));
            }
        }
    }
}
