//! SHA-256 (FIPS 180-4) and Merkle tree hashes (RFC 9162, 2.1.1).

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Hash of parts put one after the other.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Root of the Merkle tree over `leaves`: leaves are hashed behind a 0, nodes behind a 1,
/// and a tree of n leaves is split at the largest power of two below n.
pub fn merkle_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => sha256(&[&[0], leaf]),
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            sha256(&[&[1], &merkle_root(left), &merkle_root(right)])
        }
    }
}

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of hexadecimal digits, if it is `N` of them.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim();
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // FIPS 180-4 example, and the empty tree of RFC 9162.
        assert_eq!(
            hex(&sha256(&[b"a", b"bc"])),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex(&merkle_root(&[])),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn a_tree_of_five_is_four_and_one() {
        let leaves: Vec<Hash> = (0..5).map(|n| [n; 32]).collect();
        let four = merkle_root(&leaves[..4]);
        let one = merkle_root(&leaves[4..]);
        assert_eq!(merkle_root(&leaves), sha256(&[&[1], &four, &one]));
        assert_ne!(merkle_root(&leaves), merkle_root(&leaves[..4]));
    }

    #[test]
    fn hexadecimal_reads_back() {
        assert_eq!(from_hex(&hex(&[0, 255, 16])), Some([0, 255, 16]));
        assert_eq!(from_hex::<2>("12"), None);
        assert_eq!(from_hex::<1>("zz"), None);
    }
}
