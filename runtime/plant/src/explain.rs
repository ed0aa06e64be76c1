//! `scanloop explain P0213`: the page of a diagnostic.

use crate::codes;

/// The page of a diagnostic number, with or without the `P`, in any case.
pub fn explain_problem(number: &str) -> Option<&'static str> {
    let digits = number.trim().trim_start_matches(['p', 'P']);
    let number: u32 = digits.parse().ok()?;
    codes::page(&format!("P{number:04}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_names_it() {
        for code in codes::ALL {
            let page = explain_problem(code.number).unwrap_or_default();
            assert!(page.contains(code.number), "{} has no page", code.number);
        }
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        assert_eq!(explain_problem("p0213"), explain_problem("213"));
        assert!(explain_problem("213").is_some());
        assert!(explain_problem("P9999").is_none());
        assert!(explain_problem("x").is_none());
    }
}
