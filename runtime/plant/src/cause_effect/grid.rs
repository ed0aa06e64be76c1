//! The grid: rows are causes, columns effects. First line: a corner, then the ids of
//! effects; each further line: the id of a cause, then its cells. No quotes needed,
//! none permitted.

use crate::source::Origin;

/// A cell of the grid with its place.
pub(super) struct Word<'t> {
    pub text: &'t str,
    pub at: Origin,
}

/// Lines of words; empty lines are left out.
pub(super) fn words(file: usize, text: &str) -> Vec<Vec<Word<'_>>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        if !content.trim().is_empty() {
            let mut at = start;
            let words = content.split(',').map(|word| {
                let from = at + (word.len() - word.trim_start().len());
                at += word.len() + 1;
                let text = word.trim();
                Word {
                    text,
                    at: Origin::new(file, from..from + text.len()),
                }
            });
            lines.push(words.collect());
        }
        start += line.len();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_place() {
        let text = "#,E1, E2\r\n\nC01,X,T(30) \n";
        let lines = words(3, text);
        let all: Vec<(&str, &str)> = lines
            .iter()
            .flatten()
            .map(|word| (word.text, &text[word.at.start..word.at.end]))
            .collect();
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|(word, there)| word == there), "{all:?}");
        assert_eq!(lines[1][2].text, "T(30)");
    }
}
