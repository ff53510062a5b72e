//! A network in front of a server whose weather changes while it runs: connections break, after so
//! many bytes too, and everything becomes slow.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// In slow weather, a connection carries 16 KiB in this time.
const SLOW: Duration = Duration::from_millis(100);

/// The network; it lives as long as the test's process.
#[derive(Clone)]
pub struct Weather {
    /// Where the server answers through it.
    pub addr: SocketAddr,
    sky: Arc<Sky>,
}

#[derive(Default)]
struct Sky {
    slow: AtomicBool,
    /// How many connections still break, and after how many bytes to the server.
    breaks: AtomicUsize,
    after: AtomicU64,
    broken: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Weather {
    /// Fair weather before `server`.
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let weather = Self { addr: listener.local_addr().unwrap(), sky: Arc::default() };
        let sky = Arc::clone(&weather.sky);
        std::thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                // A server that is away refuses, and so do we.
                let Ok(server) = TcpStream::connect(server) else { continue };
                sky.open.lock().unwrap().extend([&client, &server].map(|s| s.try_clone().unwrap()));
                let (up, down) = (Arc::clone(&sky), Arc::clone(&sky));
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || up.carry(client, server, true));
                std::thread::spawn(move || down.carry(back.0, back.1, false));
            }
        });
        weather
    }

    /// Breaks every connection there is, and the next `connections` that send so many bytes.
    pub fn storm(&self, connections: usize, after: u64) {
        self.sky.after.store(after, Ordering::SeqCst);
        self.sky.breaks.store(connections, Ordering::SeqCst);
        for stream in self.sky.open.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Makes everything slow, or quick again.
    pub fn slow(&self, slow: bool) {
        self.sky.slow.store(slow, Ordering::SeqCst);
    }

    /// How many connections broke half-way.
    pub fn broken(&self) -> usize {
        self.sky.broken.load(Ordering::SeqCst)
    }
}

impl Sky {
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, upward: bool) {
        let (mut buffer, mut carried) = ([0; 16 * 1024], 0);
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            carried += n as u64;
            if upward && carried >= self.after.load(Ordering::SeqCst) && self.strikes() {
                break;
            }
            if self.slow.load(Ordering::SeqCst) {
                std::thread::sleep(SLOW);
            }
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Whether one of the connections that are to break is this one.
    fn strikes(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let strikes = self.breaks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        self.broken.fetch_add(usize::from(strikes), Ordering::SeqCst);
        strikes
    }
}
