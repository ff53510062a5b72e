//! A door to a server that closes half-way: what a client sends passes until there was enough of it,
//! and then nothing moves any more.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Nothing here may take longer; a test that waits in vain says so.
const PATIENCE: Duration = Duration::from_mins(1);

/// The door.
pub struct Stall {
    /// Where it is.
    pub addr: SocketAddr,
    stalled: Receiver<()>,
}

impl Stall {
    /// Opens a door to `server` that lets about `bytes` pass.
    pub fn before(server: SocketAddr, bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (tell, stalled) = channel();
        let left = Arc::new(AtomicUsize::new(bytes));
        std::thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let Ok(server) = TcpStream::connect(server) else { continue };
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pass(back.0, back.1, None));
                let limit = (Arc::clone(&left), tell.clone());
                std::thread::spawn(move || pass(client, server, Some(&limit)));
            }
        });
        Self { addr, stalled }
    }

    /// Waits until nothing moves any more.
    pub fn wait(&self) {
        self.stalled.recv_timeout(PATIENCE).unwrap();
    }
}

type Limit = (Arc<AtomicUsize>, Sender<()>);

fn pass(mut from: TcpStream, mut to: TcpStream, limit: Option<&Limit>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if let Some((left, tell)) = limit
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(n))
                .is_err()
        {
            left.store(0, Ordering::SeqCst);
            // Whoever waits may be gone.
            let _ = tell.send(());
            // Open, and silent, until the other end has enough of it.
            while matches!(from.read(&mut buffer), Ok(1..)) {}
            return;
        }
        if to.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
}
