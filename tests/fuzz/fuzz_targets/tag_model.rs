//! Model files: what is taken answers, explains, and is written back as it was.
//!
//! The input is a model's payload: the target puts the right head and checksum before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::on_one_thread;
use refrain_tag::model::TagModel;

const TEXTS: [&str; 3] = ["where is my parcel, please refund me", "订单 in ẞ 42", ""];

fuzz_target!(|payload: &[u8]| {
    on_one_thread();
    let _ = TagModel::from_bytes(payload);
    let mut bytes = b"REFRAIN\x1a\x01\x00".to_vec();
    bytes.extend_from_slice(blake3::hash(payload).as_bytes());
    bytes.extend_from_slice(payload);
    let Ok(model) = TagModel::from_bytes(&bytes) else {
        return;
    };
    for text in TEXTS {
        let (decision, tags) = model.judge(text);
        assert!(decision.is_some_and(|decision| model.threshold(&decision.tag).is_some()));
        assert!(tags.iter().all(|prediction| model.labels().contains(&prediction.tag)));
        for tag in model.labels() {
            assert!(model.top_features(text, tag, 3).len() <= 3);
        }
    }
    let written = model.to_bytes().expect("a model that was read");
    let again = TagModel::from_bytes(&written).expect("a model that was written");
    assert_eq!(again.to_bytes().expect("a model that was read"), written);
});
