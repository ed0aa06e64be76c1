//! Who may hold a connection: a pure rule, so that it can be tested without one.

use std::net::IpAddr;

/// An open connection, as far as admission cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Number of the connection; grows with time.
    pub id: u64,
    /// Where it comes from.
    pub address: IpAddr,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served.
    Admit,
    /// It is served after this connection of the same client has been closed.
    Replace {
        /// The oldest connection of that client.
        id: u64,
    },
    /// It is closed.
    Refuse,
}

/// The rule. Every address in `reserved` owns one slot, whoever else is there; what
/// is left of `connections_max` is free for all. A reserved client that finds no
/// free slot replaces its own oldest connection, so that half-open remains of its
/// own past cannot lock it out.
pub fn admit(
    address: IpAddr,
    holders: &[Holder],
    connections_max: usize,
    reserved: &[IpAddr],
) -> Verdict {
    let owned = |who: IpAddr| holders.iter().filter(|h| h.address == who).count();
    let is_reserved = reserved.contains(&address);
    if is_reserved && owned(address) == 0 {
        return Verdict::Admit;
    }
    let reserved_used = reserved.iter().filter(|who| owned(**who) > 0).count();
    let free_used = holders.len() - reserved_used.min(holders.len());
    if free_used < connections_max.saturating_sub(reserved.len()) {
        return Verdict::Admit;
    }
    let own = holders.iter().filter(|h| h.address == address);
    match own.map(|h| h.id).min() {
        Some(id) if is_reserved => Verdict::Replace { id },
        _ => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn strangers_cannot_take_a_reserved_slot() {
        let reserved = [ip(1)];
        let strangers: Vec<Holder> = (0..3).map(|id| Holder { id, address: ip(9) }).collect();
        assert_eq!(admit(ip(9), &strangers, 4, &reserved), Verdict::Refuse);
        assert_eq!(admit(ip(1), &strangers, 4, &reserved), Verdict::Admit);
    }

    proptest! {
        /// Whatever comes in whatever order, the count stays within its maximum and a
        /// reserved client is never refused.
        #[test]
        fn reserved_clients_always_get_in_and_the_maximum_holds(
            arrivals in prop::collection::vec(1_u8..8, 0..64),
            spare in 0_usize..4,
        ) {
            let reserved = [ip(1), ip(2)];
            let connections_max = reserved.len() + spare;
            let mut holders: Vec<Holder> = Vec::new();
            for (id, last) in arrivals.into_iter().enumerate() {
                let address = ip(last);
                match admit(address, &holders, connections_max, &reserved) {
                    Verdict::Admit => {}
                    Verdict::Replace { id } => holders.retain(|h| h.id != id),
                    Verdict::Refuse => {
                        prop_assert!(!reserved.contains(&address));
                        continue;
                    }
                }
                holders.push(Holder { id: id as u64, address });
                prop_assert!(holders.len() <= connections_max);
            }
        }
    }
}
