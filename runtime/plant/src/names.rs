//! Tag names after ISA-5.1: a loop identification, then pins.

use signal::limits;

/// Whether a name is well formed: `TT-101A`, `TIC-101.SP`, `RG-1.E1`, `C01.TRIP`,
/// `SYS.OVERRUNS`. Capitals and digits; a hyphen before the loop number; pins after
/// dots.
pub fn is_tag_name(name: &str) -> bool {
    let mut parts = name.split('.');
    let loop_id = parts.next().unwrap_or_default();
    name.chars().count() <= limits::NAME_CHARS_MAX
        && is_loop_id(loop_id)
        && parts.all(|pin| {
            pin.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
                && pin
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
}

/// Whether a name is a loop identification without pins: `TIC-101`, `RG-1`, `DOSE`.
pub fn is_loop_id(name: &str) -> bool {
    let mut halves = name.splitn(2, '-');
    let letters = halves.next().unwrap_or_default();
    let word = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    word(letters)
        && letters.starts_with(|c: char| c.is_ascii_uppercase())
        && halves.next().is_none_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names_are_accepted() {
        for name in [
            "TT-101A.PV",
            "TIC-101.SP",
            "RG-1.E1",
            "C01.TRIP",
            "SYS.OVERRUNS",
            "DOSE",
            "AI-7.TI_S",
        ] {
            assert!(is_tag_name(name), "{name}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for name in [
            "",
            "tt-101",
            "TT 101",
            "TT-",
            "-101",
            "TT-101.",
            "TT-101.pv",
            "TT/101",
            "1TT",
            "温度-1",
            "<b>",
            "A.B C",
        ] {
            assert!(!is_tag_name(name), "{name}");
        }
        assert!(!is_tag_name(&"A".repeat(65)));
    }
}
