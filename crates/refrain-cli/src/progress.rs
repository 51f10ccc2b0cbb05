//! Progress on a terminal: bars with rates. Nothing at all elsewhere, so that cron stays quiet.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether and how progress is shown, and how long each stage took.
pub(crate) struct Progress {
    is_shown: bool,
    stages: std::sync::Mutex<Vec<(String, Duration)>>,
}

impl Progress {
    /// Bars only on a terminal and unless `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            is_shown: !quiet && std::io::stderr().is_terminal(),
            stages: std::sync::Mutex::default(),
        }
    }

    /// A bar over bytes.
    pub(crate) fn bytes(&self, what: &str, total: u64) -> Bar {
        self.bar(
            what,
            total,
            "{msg:<22} {bar:30} {bytes:>10}/{total_bytes} {bytes_per_sec:>12} {elapsed:>5}",
        )
    }

    /// A bar over rows.
    pub(crate) fn rows(&self, what: &str, total: u64) -> Bar {
        self.bar(
            what,
            total,
            "{msg:<22} {bar:30} {human_pos:>10}/{human_len} {per_sec:>12} {elapsed:>5}",
        )
    }

    fn bar(&self, what: &str, total: u64, template: &str) -> Bar {
        let target = if self.is_shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Bar(bar)
    }

    /// Runs `work` and remembers how long it took under `stage`.
    pub(crate) fn timed<T>(&self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let spent = start.elapsed();
        if let Ok(mut stages) = self.stages.lock() {
            match stages.iter_mut().find(|(name, _)| name == stage) {
                Some((_, total)) => *total += spent,
                None => stages.push((stage.to_owned(), spent)),
            }
        }
        result
    }

    /// Stages in the order they first ran, with the time spent in each.
    pub(crate) fn stages(&self) -> Vec<(String, Duration)> {
        self.stages.lock().map(|stages| stages.clone()).unwrap_or_default()
    }
}

/// One bar.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn inc(&self, amount: u64) {
        self.0.inc(amount);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
