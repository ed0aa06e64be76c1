//! What is wrong in `[notify]` is told where it stands.
#![allow(clippy::unwrap_used)]

use notify::Config;

const SAMPLE: &str = include_str!("../../../plants/synthesis/notify.toml");

fn told(text: &str) -> Vec<String> {
    let problems = Config::read(text).err().unwrap_or_default();
    let problems = problems.iter();
    problems.map(|p| format!("{} {}", p.line, p.path)).collect()
}

fn line_of(text: &str, piece: &str) -> usize {
    let line = text.lines().position(|line| line.contains(piece));
    line.map_or(0, |line| line + 1)
}

/// The sample with one change; the change is told at its line, by its path.
fn shows(from: &str, to: &str, path: &str) {
    assert!(SAMPLE.contains(from), "{from}");
    let text = SAMPLE.replacen(from, to, 1);
    let wanted = format!("{} {path}", line_of(&text, to));
    assert_eq!(told(&text), [wanted]);
}

#[test]
fn the_sample_is_fine_and_disabled() {
    let config = Config::read(SAMPLE).unwrap();
    assert!(!config.is_enabled);
    assert_eq!(config.channels.len(), 4);
    for host in SAMPLE.lines().filter(|line| line.contains("://")) {
        assert!(host.contains("://127.0.0.1"), "{host}");
    }
}

#[test]
fn each_mistake_is_told_at_its_line() {
    shows("+08:00", "+8", "notify.utc_offset");
    shows(
        "attempts_max = 4",
        "attempts_max = 400",
        "notify.limits.attempts_max",
    );
    shows(
        "from = \"20:00\"",
        "from = \"20:60\"",
        "notify.roster.1.shift.2.from",
    );
    shows("2026-10-02", "2026-02-30", "notify.roster.1.holidays.2");
    shows(
        "sms = \"+8613000000003\"",
        "sms = \"ask li\"",
        "notify.person.3.address.sms",
    );
    shows(
        "priority_from = 3",
        "priority_from = 1",
        "notify.person.3.quiet.priority_from",
    );
    shows(
        "missed_after_s = 90000",
        "missed_after_s = 3600",
        "notify.heartbeat.1.missed_after_s",
    );
}

#[test]
fn a_host_that_plant_text_could_choose_is_refused() {
    shows(
        "http://127.0.0.1:9901/send",
        "http://{to}/send",
        "notify.channel.2.url",
    );
    shows(
        "http://127.0.0.1:9901/send",
        "http://{secret}@127.0.0.1/send",
        "notify.channel.2.url",
    );
}

#[test]
fn a_password_does_not_cross_the_network_in_the_clear() {
    let text = SAMPLE.replacen(
        "host = \"127.0.0.1\"",
        "host = \"mail.plant.invalid\"\nuser = \"u\"\npassword = { env = \"X\" }",
        1,
    );
    let wanted = format!("{} notify.channel.1.tls", line_of(&text, "tls = "));
    assert_eq!(told(&text), [wanted]);
}

#[test]
fn an_unknown_key_is_told_at_its_line() {
    let text = SAMPLE.replacen("timeout_s = 10.0", "time_out = 10.0", 1);
    let problems = Config::read(&text).unwrap_err();
    assert_eq!(problems[0].line, line_of(&text, "time_out"));
    assert!(problems[0].message.contains("time_out"));
}
