//! Who lies where: the places of a server's four tables.

use super::config::Offer;
use modbus::{Address, Table};
use std::collections::BTreeMap;
use std::fmt;

/// Two offers at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Index of the later offer.
    pub offer: usize,
    /// Index of the earlier one.
    pub other: usize,
    /// Where they meet.
    pub address: Address,
    /// The two tags, the later one first.
    pub tags: (String, String),
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, two) = &self.tags;
        write!(f, "{one} and {two} both take {}", self.address)
    }
}

/// The registers or the bit that belong together: one value, or one register with
/// the bits in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Table.
    pub table: Table,
    /// First register or bit.
    pub from: u16,
    /// How many.
    pub words: u16,
    /// Indices of the offers; more than one only for bits of a register.
    pub offers: Vec<usize>,
}

/// The map of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct PointMap {
    offers: Vec<Offer>,
    /// Sorted by table and address.
    places: Vec<Place>,
}

/// Bits of a register that an offer takes.
fn mask(address: Address) -> u16 {
    address.bit.map_or(u16::MAX, |bit| 1 << bit)
}

impl PointMap {
    /// A map of these offers; their order decides nothing.
    ///
    /// # Errors
    /// Every offer that meets an earlier one.
    pub fn new(offers: Vec<Offer>) -> Result<PointMap, Vec<Overlap>> {
        let mut claims: BTreeMap<(Table, u32), Vec<usize>> = BTreeMap::new();
        let mut overlaps = Vec::new();
        for (index, offer) in offers.iter().enumerate() {
            let from = u32::from(offer.address.number);
            let numbers = from..from + u32::from(offer.words());
            let met = numbers.clone().find_map(|number| {
                let claimed = claims.get(&(offer.address.table, number))?;
                let bits = mask(offer.address);
                let other = claimed
                    .iter()
                    .find(|other| mask(offers[**other].address) & bits != 0)?;
                Some((*other, number))
            });
            if let Some((other, number)) = met {
                overlaps.push(Overlap {
                    offer: index,
                    other,
                    address: Address {
                        number: number as u16,
                        ..offer.address
                    },
                    tags: (offer.tag.clone(), offers[other].tag.clone()),
                });
                continue;
            }
            for number in numbers {
                let claim = claims.entry((offer.address.table, number));
                claim.or_default().push(index);
            }
        }
        if !overlaps.is_empty() {
            return Err(overlaps);
        }
        let places = claims
            .into_iter()
            .filter_map(|((table, number), claimed)| {
                let first = &offers[*claimed.first()?];
                (u32::from(first.address.number) == number).then(|| Place {
                    table,
                    from: first.address.number,
                    words: first.words(),
                    offers: claimed,
                })
            })
            .collect();
        Ok(PointMap { offers, places })
    }

    /// The offers, in the order given.
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// The places that fill `count` registers or bits from `from` on: none missing,
    /// none cut. A value that arrived in two halves could be of two images.
    pub fn cover(&self, table: Table, from: u16, count: usize) -> Option<&[Place]> {
        let key = |place: &Place| (place.table, place.from);
        let first = self.places.binary_search_by_key(&(table, from), key).ok()?;
        let mut next = usize::from(from);
        let end = next + count;
        let mut last = first;
        while next < end {
            let place = self.places.get(last)?;
            if place.table != table || usize::from(place.from) != next {
                return None;
            }
            next += usize::from(place.words);
            last += 1;
        }
        (next == end).then(|| &self.places[first..last])
    }
}
