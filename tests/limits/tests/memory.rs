//! The memory of each file natively, where pointers are twice as long: what is in use at once, as the allocator counts it.

#![expect(unsafe_code, reason = "an allocator is unsafe to implement")]

use certgrant_limits::{inputs, open};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// 64 MiB, the file included.
const LIMIT: usize = 64 << 20;

/// The system's allocator, which counts the bytes in use and their peak. The test is the only one of this program.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(in_use, Relaxed);
        // SAFETY: the caller keeps the terms of the method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the terms of the method.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_file_of_1_mib_needs_more_than_64_mib() {
    let mut inputs = inputs::all();
    inputs.push(inputs::greediest());
    let mut peaks: Vec<(usize, &str)> = inputs
        .iter()
        .map(|input| {
            let before = IN_USE.load(Relaxed) - input.file.len();
            PEAK.store(before, Relaxed);
            open(&input.file);
            (PEAK.load(Relaxed) - before, input.name)
        })
        .collect();
    peaks.sort();
    let (worst, name) = peaks.last().expect("there are files");
    println!(
        "memory: at most {:.1} MiB of {} files, for \"{name}\"",
        *worst as f64 / f64::from(1 << 20),
        peaks.len()
    );
    assert!(*worst <= LIMIT, "{name}: {worst} bytes");
    assert!(*worst > 38 << 20, "the memory of scrypt was not counted: {worst} bytes");
}
