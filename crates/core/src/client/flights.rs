//! The flights under way, by number and by what they are for: each is found as fast among ten thousand as alone.

use super::FlightId;
use super::flight::Flight;
use crate::table::Table;
use crate::token::RequestKey;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A flight's number is its slot in the lower bits, and how often that was used in the upper ones: so a number that a host
/// kept by mistake is that of no other flight for a long time.
const SLOT_BITS: u32 = 22;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;

/// The flights of one client, no two of them for the same.
#[derive(Debug, Default)]
pub(super) struct Flights {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Numbers of flights by their keys.
    by_key: Table,
}

#[derive(Debug)]
struct Slot {
    id: FlightId,
    flight: Option<Box<Flight>>,
}

impl Flights {
    /// Takes a flight in; there must be none for the same.
    pub(super) fn insert(&mut self, mut flight: Flight) -> FlightId {
        let slot = self.free.pop().or_else(|| self.new_slot());
        let Some(free) = slot.and_then(|slot| self.slots.get_mut(slot as usize)) else {
            // Four million are under way: this one is as good as abandoned.
            return FlightId(u32::MAX);
        };
        free.id = FlightId(free.id.0.wrapping_add(1 << SLOT_BITS));
        self.by_key.insert(flight.key.as_str(), free.id.0.into());
        flight.number = free.id.0;
        free.flight = Some(Box::new(flight));
        free.id
    }

    fn new_slot(&mut self) -> Option<u32> {
        let slot = u32::try_from(self.slots.len()).ok().filter(|slot| *slot < SLOT_MASK)?;
        self.slots.push(Slot { id: FlightId(slot), flight: None });
        Some(slot)
    }

    /// The flight for a key.
    pub(super) fn find(&self, key: &RequestKey) -> Option<FlightId> {
        u32::try_from(self.by_key.get(key.as_str())?).ok().map(FlightId)
    }

    pub(super) fn get_mut(&mut self, id: FlightId) -> Option<&mut Flight> {
        let slot = self.slots.get_mut((id.0 & SLOT_MASK) as usize).filter(|slot| slot.id == id)?;
        slot.flight.as_deref_mut()
    }

    pub(super) fn remove(&mut self, id: FlightId) -> Option<Box<Flight>> {
        let slot = self.slots.get_mut((id.0 & SLOT_MASK) as usize).filter(|slot| slot.id == id)?;
        let flight = slot.flight.take()?;
        self.free.push(id.0 & SLOT_MASK);
        self.by_key.remove(flight.key.as_str());
        Some(flight)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Flight> {
        self.slots.iter_mut().filter_map(|slot| slot.flight.as_deref_mut())
    }

    pub(super) const fn len(&self) -> usize {
        self.by_key.len()
    }
}
