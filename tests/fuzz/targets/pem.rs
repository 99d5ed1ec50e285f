//! The target `pem` as a program of libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| certgrant_fuzz::targets::pem(input));
