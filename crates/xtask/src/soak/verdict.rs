//! What the samples of a soak say: whether anything grew or was left behind, and the table of them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use time::OffsetDateTime;

use crate::markdown;

/// Fewer samples say nothing of growth.
const FEWEST_SAMPLES: usize = 8;

/// What must be the same at the end as after the warm-up, with the growth that is noise: a share, and so many bytes. `settled` is
/// the resident memory without the pages that V8 has ready for new objects, of which it has up to 34 MB as it likes.
const FLAT: [(&str, f64, f64); 3] = [
    ("heapUsed", 0.03, 256.0 * 1024.0),
    ("external", 0.05, 256.0 * 1024.0),
    ("settled", 0.05, 4.0 * 1024.0 * 1024.0),
];

/// What nobody may ever see: counted over the whole run.
const NEVER: [&str; 5] = ["dead", "foreign", "lost", "unhandledRejections", "warnings"];

/// What is left behind if it is there at rest. Sockets are kept for the next request, but never more than this.
const AT_REST: [(&str, f64); 5] =
    [("timers", 0.0), ("requests", 0.0), ("listeners", 0.0), ("restless", 0.0), ("sockets", 8.0)];

pub(super) const HEAD: [&str; 10] = [
    "minute",
    "calls",
    "served",
    "failed",
    "heap MB",
    "external MB",
    "settled MB",
    "resident MB",
    "timers, listeners",
    "sockets",
];

/// What is wrong; nothing if all is well.
///
/// # Errors
///
/// There are too few samples, or one lacks a figure.
pub(super) fn faults(samples: &[Value]) -> Result<Vec<String>> {
    ensure!(
        samples.len() >= FEWEST_SAMPLES,
        "{} samples are too few to judge: let it run longer",
        samples.len()
    );
    let mut faults = Vec::new();
    for (name, share, bytes) in FLAT {
        let values = samples.iter().map(|sample| figure(sample, name)).collect::<Result<Vec<f64>>>()?;
        let quarter = values.len() / 4;
        let (early, late) =
            (median(&values[quarter..2 * quarter]), median(&values[values.len() - quarter..]));
        if late > early * (1.0 + share) + bytes {
            faults.push(format!("{name} grew from {early:.0} to {late:.0} bytes"));
        }
    }
    for sample in samples {
        let seconds = figure(sample, "seconds")?;
        for (name, most) in AT_REST {
            let found = figure(sample, name)?;
            if found > most {
                faults.push(format!("{found} {name} at rest after {seconds} s, expected {most} at most"));
            }
        }
    }
    let last = samples.last().context("there are samples")?;
    for name in NEVER {
        let found = figure(last, name)?;
        if found > 0.0 {
            faults.push(format!("{name}: {found}"));
        }
    }
    if !faults.is_empty() {
        let details = last["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        faults.extend(details.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    ensure!(figure(last, "served")? > 0.0, "no call was served");
    Ok(faults)
}

/// A dozen rows for the reader.
pub(super) fn rows(samples: &[Value]) -> Vec<Vec<String>> {
    let every = samples.len().div_ceil(12).max(1);
    let is_shown = |index: usize| index.is_multiple_of(every) || index + 1 == samples.len();
    samples.iter().enumerate().filter(|(index, _)| is_shown(*index)).map(|(_, sample)| row(sample)).collect()
}

/// The document of the package.
pub(super) fn document(minutes: u32, runs: &[(&str, Vec<Value>)]) -> String {
    let date = OffsetDateTime::now_utc().date();
    let mut text = format!(
        "# Soak\n\n<!-- Made by `cargo xtask soak --minutes {minutes} --record`. -->\n\n\
         {minutes} minutes on {date}, on a Linux machine with two cores that had other work to do. Two dozen callers of one\n\
         credential ask for the tokens of six tenants and three resources, which live for three minutes; some\n\
         give up by signal or time limit, bring claims, or throw tokens away, and every second another client comes and goes.\n\
         The emulator has another fault every three seconds: refusals, throttling, resets, stalls, half, late and garbled\n\
         answers. Each row is a sample at rest, after garbage collection. Settled is what is resident without the pages that\n\
         V8 has ready for new objects: they are empty at rest, and between nothing and 34 MB as V8 likes. The run fails if\n\
         heap, external or settled memory grows, if a timer, listener or request is left at rest, if a caller gets a dead or\n\
         a foreign token or fails while there is a valid one, or if a promise is rejected with nobody to hear it.\n"
    );
    for (backend, samples) in runs {
        text.push_str(&format!("\n## {backend} backend\n\n{}", markdown::table(&HEAD, &rows(samples))));
    }
    text
}

fn row(sample: &Value) -> Vec<String> {
    let number = |name: &str| sample[name].as_f64().unwrap_or(f64::NAN);
    let megabytes = |name: &str| format!("{:.1}", number(name) / 1e6);
    vec![
        format!("{:.0}", number("seconds") / 60.0),
        format!("{:.0}", number("calls")),
        format!("{:.0}", number("served")),
        format!("{:.0}", number("failed")),
        megabytes("heapUsed"),
        megabytes("external"),
        megabytes("settled"),
        megabytes("rss"),
        format!("{:.0}, {:.0}", number("timers"), number("listeners")),
        format!("{:.0}", number("sockets")),
    ]
}

fn figure(sample: &Value, name: &str) -> Result<f64> {
    sample[name].as_f64().with_context(|| format!("a sample has no figure \"{name}\""))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample(seconds: u32) -> Value {
        json!({
            "seconds": seconds, "calls": 10, "served": 9, "failed": 1, "dead": 0, "foreign": 0, "lost": 0,
            "unhandledRejections": 0, "warnings": 0, "heapUsed": 9_000_000, "external": 3_000_000,
            "settled": 70_000_000, "rss": 90_000_000,
            "timers": 0, "sockets": 2, "requests": 0, "listeners": 0, "restless": 0,
        })
    }

    fn changed(change: impl Fn(usize, &mut Value)) -> Vec<String> {
        let samples: Vec<Value> = (0..20)
            .map(|index| {
                let mut sample = sample(index * 60);
                change(index as usize, &mut sample);
                sample
            })
            .collect();
        faults(&samples).expect("they can be judged")
    }

    #[test]
    fn flat_run_has_no_faults() {
        assert_eq!(changed(|_, _| {}), Vec::<String>::new());
    }

    #[test]
    fn warm_up_is_no_growth() {
        let found = changed(|index, sample| {
            if index == 0 {
                sample["heapUsed"] = json!(4_000_000);
            }
        });
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn growth_of_each_kind_of_memory_is_found() {
        for (name, ..) in FLAT {
            let found = changed(|index, sample| {
                let start = sample[name].as_u64().expect("a number");
                sample[name] = json!(start + start * index as u64 / 50);
            });
            assert!(found.len() == 1 && found[0].starts_with(name), "{found:?}");
        }
    }

    #[test]
    fn what_is_left_at_rest_once_is_found() {
        for (name, most) in AT_REST {
            let found = changed(|index, sample| {
                if index == 7 {
                    sample[name] = json!(most + 1.0);
                }
            });
            assert!(found.len() == 1 && found[0].contains(name), "{found:?}");
        }
    }

    #[test]
    fn what_nobody_may_see_is_found() {
        for name in NEVER {
            let found = changed(|_, sample| sample[name] = json!(1));
            assert_eq!(found, [format!("{name}: 1")]);
        }
    }

    #[test]
    fn too_few_samples_are_not_judged() {
        assert!(faults(&[sample(0), sample(60)]).is_err());
    }
}
