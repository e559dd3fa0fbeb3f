//! A connection whose other side must take what it is sent.

use std::future::Future as _;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Breaks off when what was written has not all been taken after a while. One who reads a byte now and then is no
/// better than one who reads none: the clock starts when the system's buffer is full, and stops when all is sent.
#[derive(Debug)]
pub(super) struct Impatient<S> {
    inner: S,
    patience: Duration,
    /// While something waits to be taken.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    pub(super) fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience, deadline: None }
    }

    /// What a write came to, unless it waits for too long already.
    fn judge(&mut self, written: Poll<Result<usize>>, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        if self.deadline.is_none() && written.is_pending() {
            self.deadline = Some(Box::pin(sleep(self.patience)));
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the answer was not taken in time")));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.judge(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.judge(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// Called when nothing is left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.deadline = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn who_takes_nothing_and_who_takes_a_byte_now_and_then_are_broken_off() {
        let (ours, theirs) = duplex(16);
        let mut ours = Impatient::new(ours, PATIENCE);
        assert_eq!(ours.write_all(&[0; 64]).await.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(theirs);

        let (ours, mut theirs) = duplex(16);
        let mut ours = Impatient::new(ours, PATIENCE);
        let trickle = async {
            // A byte each time that the clock has moved on a little.
            let mut taken = 0_u32;
            while theirs.read_u8().await.is_ok() {
                taken = taken.saturating_add(1);
                tokio::time::sleep(PATIENCE / 10).await;
            }
            taken
        };
        let write = async {
            let done = ours.write_all(&[0; 4096]).await;
            drop(ours);
            done
        };
        let (done, taken) = tokio::join!(write, trickle);
        assert_eq!(done.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(taken > 0);
    }

    #[tokio::test]
    async fn each_answer_that_is_taken_has_the_whole_time() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Impatient::new(ours, PATIENCE);
        for _ in 0..3 {
            let mut taken = [0; 64];
            let write = async {
                ours.write_all(&[0; 64]).await?;
                ours.flush().await
            };
            let (written, read) = tokio::join!(write, theirs.read_exact(&mut taken));
            written.unwrap();
            read.unwrap();
            assert!(ours.deadline.is_none());
        }
    }
}
