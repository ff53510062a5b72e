//! Several lanes that work side by side, and hand over what they did in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// More lanes than this take more memory than they are worth: each takes about 70 MiB with the base
/// model.
pub const MOST_LANES: u32 = 4;

/// How many lanes `threads` are split into for so many items, and how many threads each has.
///
/// Lanes of one thread beat one lane of all threads: nobody waits for anybody. With the base model on
/// two cores, two lanes took a third less processor time than one for the same windows.
pub fn split(threads: u32, items: usize) -> (usize, u32) {
    let items = u32::try_from(items).unwrap_or(u32::MAX);
    let lanes = threads.min(MOST_LANES).min(items).max(1);
    (lanes as usize, (threads / lanes).max(1))
}

/// Works on `items`, each in whichever lane is free, and delivers the results in order, each as
/// soon as all before it are there. After an error nothing new is begun.
pub fn in_order<L: Send, T: Send, E: Send>(
    lanes: Vec<L>,
    items: Range<usize>,
    work: impl Fn(&mut L, usize) -> Result<T, E> + Sync,
    mut deliver: impl FnMut(T),
) -> Result<(), E> {
    let next = AtomicUsize::new(items.start);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for mut lane in lanes {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let item = next.fetch_add(1, Ordering::Relaxed);
                    if item >= items.end {
                        break;
                    }
                    let result = work(&mut lane, item);
                    if result.is_err() {
                        next.store(items.end, Ordering::Relaxed);
                    }
                    if sender.send((item, result)).is_err() {
                        break;
                    }
                }
            });
        }
        // Only the lanes hold senders now, so that receiving ends when they do.
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), items.start);
        for (item, result) in receiver {
            early.insert(item, result?);
            while let Some(done) = early.remove(&due) {
                deliver(done);
                due += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn threads_are_split_without_more_lanes_than_items() {
        assert_eq!(split(2, 5), (2, 1));
        assert_eq!(split(2, 1), (1, 2));
        assert_eq!(split(9, 100), (4, 2));
        assert_eq!(split(0, 0), (1, 1));
    }

    #[test]
    fn results_come_in_order_though_lanes_differ_in_speed() {
        let mut got = Vec::new();
        let work = |lane: &mut u64, item: usize| {
            std::thread::sleep(Duration::from_millis(*lane));
            Ok::<_, ()>(item * 10)
        };
        in_order(vec![9, 1, 4], 2..9, work, |done| got.push(done)).unwrap();
        assert_eq!(got, [20, 30, 40, 50, 60, 70, 80]);
    }

    #[test]
    fn an_error_ends_it() {
        let begun = AtomicUsize::new(0);
        let work = |(): &mut (), item: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if item == 1 { Err("broken") } else { Ok(item) }
        };
        let mut got = Vec::new();
        assert_eq!(in_order(vec![()], 0..100, work, |done| got.push(done)), Err("broken"));
        assert_eq!((got, begun.into_inner()), (vec![0], 2));
    }
}
