//! Embeds a JSON list of texts from stdin; vectors go to stdout as little-endian 32-bit floats,
//! the id of the model, the shape and the CPU seconds to stderr.
//!
//! ```text
//! embed static FOLDER < texts.json > vectors.f32
//! embed transformer FOLDER < texts.json > vectors.f32
//! embed distill FOLDER OUT
//! ```

use refrain_embed::{DistillOptions, StaticModel, TransformerModel, distill};
use std::error::Error;
use std::io::{Write, stderr, stdin, stdout};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["static", folder] => {
            let model = StaticModel::open(Path::new(folder))?;
            write_vectors(model.id(), |texts| model.embed(texts))
        }
        ["transformer", folder] => {
            let model = TransformerModel::open(Path::new(folder))?;
            write_vectors(model.id(), |texts| model.embed(texts))
        }
        ["distill", folder, out] => {
            let model = distill(&TransformerModel::open(Path::new(folder))?, &DistillOptions::default())?;
            model.save(Path::new(out))?;
            writeln!(
                stderr(),
                "{} {} numbers, {:.2} CPU-s",
                model.id(),
                model.dim(),
                cpu_seconds()?
            )?;
            Ok(())
        }
        _ => Err("usage: embed static|transformer FOLDER < texts.json, or embed distill FOLDER OUT".into()),
    }
}

fn write_vectors<E: Error + 'static>(
    id: &str,
    embed: impl Fn(&[&str]) -> Result<ndarray::Array2<f32>, E>,
) -> Result<(), Box<dyn Error>> {
    let texts: Vec<String> = serde_json::from_reader(stdin())?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let before = cpu_seconds()?;
    let points = embed(&texts)?;
    let seconds = cpu_seconds()? - before;
    let bytes: Vec<u8> = points.iter().flat_map(|v| v.to_le_bytes()).collect();
    stdout().write_all(&bytes)?;
    writeln!(stderr(), "{id} {:?} {seconds:.2} CPU-s", points.dim())?;
    Ok(())
}

/// User and system seconds of this process so far; Linux.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / TICKS_A_SECOND)
}
