//! The flights under way, by number and by what they are for: each is found as fast among ten thousand as alone.

use super::FlightId;
use super::flight::Flight;
use crate::token::RequestKey;
use alloc::collections::BTreeMap;

/// The flights of one client, no two of them for the same.
#[derive(Debug, Default)]
pub(super) struct Flights {
    flights: BTreeMap<FlightId, Flight>,
    by_key: BTreeMap<RequestKey, FlightId>,
    last: u32,
}

impl Flights {
    /// Takes a flight in; there must be none for the same.
    pub(super) fn insert(&mut self, flight: Flight) -> FlightId {
        self.last = self.last.wrapping_add(1);
        let id = FlightId(self.last);
        self.by_key.insert(flight.key.clone(), id);
        self.flights.insert(id, flight);
        id
    }

    /// The flight for a key.
    pub(super) fn find(&self, key: &RequestKey) -> Option<FlightId> {
        self.by_key.get(key).copied()
    }

    pub(super) fn get_mut(&mut self, id: FlightId) -> Option<&mut Flight> {
        self.flights.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: FlightId) -> Option<Flight> {
        let flight = self.flights.remove(&id)?;
        self.by_key.remove(&flight.key);
        Some(flight)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Flight> {
        self.flights.values_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }
}
