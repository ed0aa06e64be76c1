//! Signed checkpoints: what the ledger held at a moment, in words that nobody can say
//! without the signing key (Ed25519, RFC 8032).

use super::chain::Fields;
use super::hash::{Hash, sha256};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// What stands before every signed text, so that a signature fits nothing else.
const DOMAIN: &[u8] = b"scanloop ledger checkpoint 1\n";
/// Bytes of a checkpoint's body.
pub const CHECKPOINT_BODY_BYTES: usize = 216;

/// Why a checkpoint was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Enough entries since the last.
    Count,
    /// Enough time since the last.
    Time,
    /// The segment is full.
    SegmentEnd,
    /// The station stops.
    Stop,
    /// The station starts and found entries that no checkpoint covered.
    Start,
}

impl Reason {
    const fn code(self) -> u8 {
        match self {
            Reason::Count => 1,
            Reason::Time => 2,
            Reason::SegmentEnd => 3,
            Reason::Stop => 4,
            Reason::Start => 5,
        }
    }

    const fn of(code: u8) -> Option<Reason> {
        Some(match code {
            1 => Reason::Count,
            2 => Reason::Time,
            3 => Reason::SegmentEnd,
            4 => Reason::Stop,
            5 => Reason::Start,
            _ => return None,
        })
    }
}

/// Body of a checkpoint. With the hash of the frame before it, which is signed too, it
/// speaks for every frame from the first on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub ledger: [u8; 16],
    /// Number, from 1.
    pub number: u64,
    /// First entry since the last checkpoint.
    pub first: u64,
    /// Last entry; `first - 1` if there is none.
    pub last: u64,
    /// Root of the Merkle tree over the hashes of these entries' frames.
    pub root: Hash,
    /// Hash of the frame of the checkpoint before, zeros for the first.
    pub previous: Hash,
    /// When, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Why.
    pub reason: Reason,
    /// Public key.
    pub key: [u8; 32],
    /// Signature over all of this and the hash of the frame before.
    pub signature: [u8; 64],
}

impl Checkpoint {
    fn unsigned(&self) -> Vec<u8> {
        let mut out = self.ledger.to_vec();
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.last.to_le_bytes());
        out.extend_from_slice(&self.root);
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&self.utc_ns.to_le_bytes());
        out.extend_from_slice(&[self.reason.code(), 0, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(&self.key);
        out
    }

    fn message(&self, head: &Hash) -> Vec<u8> {
        [DOMAIN, head, &self.unsigned()].concat()
    }

    /// Signs, after a frame with hash `head`.
    pub fn sign(&mut self, head: &Hash, key: &SigningKey) {
        self.key = key.verifying_key().to_bytes();
        self.signature = key.sign(&self.message(head)).to_bytes();
    }

    /// Whether its signature is by the key that it names.
    pub fn is_signed(&self, head: &Hash) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.key) else {
            return false;
        };
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&self.message(head), &signature).is_ok()
    }

    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.unsigned();
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads the bytes.
    pub fn read(body: &[u8]) -> Option<Checkpoint> {
        let mut fields = Fields(body);
        let ledger = fields.bytes()?;
        let (number, first, last) = (fields.word()?, fields.word()?, fields.word()?);
        let (root, previous) = (fields.bytes()?, fields.bytes()?);
        let utc_ns = i64::from_le_bytes(fields.bytes()?);
        let [code, zeros @ ..] = fields.bytes::<8>()?;
        let checkpoint = Checkpoint {
            ledger,
            number,
            first,
            last,
            root,
            previous,
            utc_ns,
            reason: Reason::of(code)?,
            key: fields.bytes()?,
            signature: fields.bytes()?,
        };
        (zeros == [0; 7] && fields.0.is_empty()).then_some(checkpoint)
    }
}

/// Short name of a public key, for people who compare two of them.
pub fn fingerprint(key: &[u8; 32]) -> String {
    super::hash::hex(&sha256(&[key])[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (Checkpoint, Hash) {
        let key = SigningKey::from_bytes(&[5; 32]);
        let mut checkpoint = Checkpoint {
            ledger: [1; 16],
            number: 3,
            first: 10,
            last: 20,
            root: [2; 32],
            previous: [3; 32],
            utc_ns: 4,
            reason: Reason::Time,
            key: [0; 32],
            signature: [0; 64],
        };
        let head = [7; 32];
        checkpoint.sign(&head, &key);
        (checkpoint, head)
    }

    #[test]
    fn no_other_text_has_this_signature() {
        let (checkpoint, head) = signed();
        assert!(checkpoint.is_signed(&head));
        assert!(!checkpoint.is_signed(&[8; 32]));
        let bytes = checkpoint.to_bytes();
        assert_eq!(bytes.len(), CHECKPOINT_BODY_BYTES);
        assert_eq!(Checkpoint::read(&bytes), Some(checkpoint));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let read = Checkpoint::read(&bad);
            assert!(!read.is_some_and(|bad| bad.is_signed(&head)), "byte {at}");
        }
    }
}
