//! What goes to stdout, and the time it took.

use std::io::Write;

/// Writes data to stdout; a reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes talk to stderr.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
}

/// Text from conversations for a terminal, at most `max_chars` long: it is hostile, so no control character and
/// nothing that turns the direction of writing gets through.
pub(crate) fn plain(text: &str, max_chars: usize) -> String {
    let is_hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut line: String = text
        .chars()
        .map(|c| if is_hostile(c) { ' ' } else { c })
        .take(max_chars)
        .collect();
    if text.chars().count() > max_chars {
        line.push('…');
    }
    line
}

/// CPU seconds of this process so far, all threads.
pub(crate) fn cpu_seconds() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "a time for people")]
    let (seconds, nanos) = (spent.tv_sec as f64, spent.tv_nsec as f64);
    seconds + nanos * 1e-9
}

/// Peak memory of this process in MiB; 0 where the system does not tell.
pub(crate) fn peak_mib() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn hostile_text_stays_one_line_in_one_direction() {
        assert_eq!(plain("a\u{1b}[31mb\nc", 20), "a [31mb c");
        assert_eq!(plain("pay \u{202e}moc.live\u{2066}", 20), "pay  moc.live ");
        assert_eq!(plain("订单号在哪里", 3), "订单号…");
    }
}
