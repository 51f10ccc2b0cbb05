//! tmp
use refrain_issues::*;
fn load(path: &str) -> (Vec<String>, Vec<String>) {
    let (mut t, mut l) = (vec![], vec![]);
    if path.ends_with(".csv") {
        let mut r = csv::Reader::from_path(path).unwrap();
        let h = r.headers().unwrap().clone();
        let find = |names: &[&str]| h.iter().position(|c| names.contains(&c)).unwrap();
        let (a, b) = (find(&["text", "utterance"]), find(&["category_", "intent", "category"]).max(h.len() - 1));
        for row in r.records() { let row = row.unwrap(); t.push(row[a].to_owned()); l.push(row[b].to_owned()); }
    } else {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let v: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(u) = v.get("utterance").or(v.get("text")) {
                t.push(u.as_str().unwrap().to_owned()); l.push(v.get("intent").or(v.get("label")).unwrap().as_str().unwrap().to_owned());
            } else {
                let text = v["turns"].as_array().unwrap().iter().find(|t| t["role"] == "customer").map(|t| t["text"].as_str().unwrap().to_owned());
                if let Some(text) = text { t.push(text); l.push(v["doc_id"].as_str().unwrap().to_owned()); }
            }
        }
    }
    (t, l)
}
fn main() {
    let e = |k: &str, d: f64| std::env::var(k).ok().and_then(|v| v.parse().ok()).unwrap_or(d);
    let mut cfg = IssuesConfig::default();
    cfg.dims = e("DIMS", 128.0) as usize; cfg.neighbours = e("K", 15.0) as usize; cfg.resolution = e("RES", 1.0);
    cfg.assign_min_similarity = e("SIM", 0.35) as f32; cfg.merge_similarity = e("MERGE", 0.9) as f32; cfg.min_members = e("MIN", 5.0) as usize;
    let tune = Tune { chars: e("CHARS", 0.0) > 0.0, min_df: e("MINDF", 2.0) as u32, drop_first: e("DROP", 0.0) > 0.0, alpha: e("ALPHA", 0.0) as f32, idfp: e("IDFP", 1.0) as f32, maxdf: e("MAXDF", 1.0) as f32, whole: 0.0, charw: 1.0 };
    for path in std::env::args().skip(1) {
        let (t, l) = load(&path);
        let texts: Vec<&str> = t.iter().map(|s| s.as_str()).collect();
        let r = evaluate(&l, &try_cluster(&texts, &cfg, &tune));
        println!("{:30} n {:6} k {:4}/{:4} acc {:.3} nmi {:.3} ari {:.3} pur {:.3} un {:.3}", path.rsplit('/').nth(1).unwrap(), r.n, r.k_found, r.k_true, r.acc, r.nmi, r.ari, r.purity, r.unclustered_share);
    }
}
