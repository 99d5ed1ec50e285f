//! The work of each file, as an interpreter of WebAssembly counts it, and the memory of the module that did it.

use certgrant_limits::inputs;
use wasmi::{Config, Engine, Linker, Memory, Module, Store};

/// What the interpreter counts: about ten units an instruction, more for copying. Compiled, a core of a server of 2020 does
/// 10 000 million in about a fifth of a second in Node, natively in less.
const MAX_UNITS: u64 = 10_000_000_000;

/// Bytes: 64 MiB, the file included.
const MAX_MEMORY: usize = 64 << 20;

/// A page of memory, in bytes.
const PAGE: usize = 1 << 16;

/// What opening a file cost.
struct Cost {
    units: u64,
    memory: usize,
}

/// Opens a file in a fresh instance of the module, so that one does not find the memory of another.
fn cost(engine: &Engine, module: &Module, file: &[u8]) -> Cost {
    let mut store = Store::new(engine, ());
    store.set_fuel(u64::MAX).expect("fuel is on");
    let linker = <Linker<()>>::new(engine);
    let instance = linker.instantiate_and_start(&mut store, module).expect("it imports nothing");
    let memory: Memory = instance.get_memory(&store, "memory").expect("it has a memory");
    let room = instance.get_typed_func::<u32, u32>(&store, "room").expect("it has the export");
    let open = instance.get_typed_func::<(), u32>(&store, "open").expect("it has the export");
    let length = u32::try_from(file.len()).expect("1 MiB at most");
    let place = room.call(&mut store, length).expect("there is room");
    memory.write(&mut store, place as usize, file).expect("it is within the memory");
    let before = store.get_fuel().expect("fuel is on");
    open.call(&mut store, ()).expect("it does not panic");
    let units = before - store.get_fuel().expect("fuel is on");
    let pages = usize::try_from(memory.size(&store)).expect("few pages");
    Cost { units, memory: pages * PAGE }
}

#[test]
fn no_file_of_1_mib_costs_more_than_its_limits() {
    let path = std::env::var_os("CERTGRANT_LIMITS_MODULE")
        .expect("CERTGRANT_LIMITS_MODULE names the module; `cargo xtask test limits` builds it");
    let engine = Engine::new(Config::default().consume_fuel(true));
    let module =
        Module::new(&engine, std::fs::read(path).expect("the module can be read")).expect("it is sound");
    let mut costs: Vec<(Cost, &str)> =
        inputs::all().iter().map(|input| (cost(&engine, &module, &input.file), input.name)).collect();
    costs.sort_by_key(|(cost, _)| cost.units);
    let (worst, name) = costs.last().expect("there are files");
    println!("work: at most {} million units for \"{name}\"", worst.units / 1_000_000);
    costs.push((cost(&engine, &module, &inputs::greediest().file), "the most memory for a derivation"));
    for (cost, name) in &costs {
        assert!(cost.memory <= MAX_MEMORY, "{name}: {} bytes", cost.memory);
    }
    costs.pop();
    for (cost, name) in &costs {
        assert!(cost.units <= MAX_UNITS, "{name}: {} units", cost.units);
    }
}
