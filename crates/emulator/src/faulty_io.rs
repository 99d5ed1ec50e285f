//! Sending a reply wrongly: a body that ends or stops half way, a connection that is reset.

use alloc::sync::Arc;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use std::io;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::message::Connection;

/// A body that announces its whole length and sends all of it, or only the first half.
pub(crate) struct FaultyBody {
    rest: Option<Bytes>,
    length: u64,
    fault: Connection,
    /// The half that is sent has been handed over, and hyper has had a turn to write it out.
    is_flushed: bool,
}

impl FaultyBody {
    pub(crate) fn new(body: Vec<u8>, fault: Connection) -> Self {
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let mut body = Bytes::from(body);
        if matches!(fault, Connection::Half | Connection::Stalled) {
            body.truncate(body.len() / 2);
        }
        Self { rest: Some(body).filter(|body| !body.is_empty()), length, fault, is_flushed: false }
    }
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        match self.fault {
            Connection::Half if self.is_flushed => {
                let fault = io::Error::other("a fault rule ends the body half way");
                Poll::Ready(Some(Err(fault)))
            }
            Connection::Half => {
                self.is_flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            // Nothing wakes this up: the client gives up, or a shutdown ends it.
            Connection::Stalled => Poll::Pending,
            Connection::Kept | Connection::Reset => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !matches!(self.fault, Connection::Half | Connection::Stalled)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// Has the connection reset when it is dropped, where it would be closed otherwise.
#[derive(Clone, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    pub(crate) fn on(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A TCP connection with such a switch.
pub(crate) struct Resettable {
    stream: TcpStream,
    reset: ResetSwitch,
}

impl Resettable {
    pub(crate) fn new(stream: TcpStream, reset: ResetSwitch) -> Self {
        Self { stream, reset }
    }
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::Relaxed) {
            // Without it the connection is closed in order, which a client notices as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
