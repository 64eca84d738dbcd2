//! Reads frames off a stream of bytes.

use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::frame::{Decoder, Frame, FrameKind, MAX_BODY};
use tokio::io::{AsyncRead, AsyncReadExt};

/// One stream of the event socket, read frame by frame.
#[derive(Debug)]
pub struct FrameReader<S> {
    stream: S,
    decoder: Decoder,
    /// Events that came while an answer was awaited, as they came.
    early: Vec<u8>,
}

impl<S: AsyncRead + Unpin> FrameReader<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            decoder: Decoder::default(),
            early: Vec::new(),
        }
    }

    /// The next frame. May be dropped while waiting without losing anything.
    ///
    /// # Errors
    /// [`EslError`] when the stream ended or what came is not the protocol.
    pub async fn next(&mut self) -> Result<Frame<'_>, EslError> {
        if !self.early.is_empty() {
            self.decoder.put_back(&self.early);
            self.early = Vec::new();
        }
        self.take().await
    }

    /// Whether [`FrameReader::next`] has something to give without reading on.
    pub fn has_frame(&mut self) -> bool {
        !self.early.is_empty() || self.decoder.is_ready().unwrap_or(true)
    }

    /// The next answer; events that come before it are kept for [`FrameReader::next`].
    ///
    /// # Errors
    /// As [`FrameReader::next`], and [`EslError::Flood`] when too many events come before it.
    pub async fn next_answer(&mut self) -> Result<String, EslError> {
        loop {
            let frame = self.take().await?;
            match frame.kind {
                FrameKind::CommandReply | FrameKind::ApiResponse => {
                    return Ok(frame.answer().into_owned());
                }
                _ => {
                    let whole = frame.whole.to_owned();
                    if self.early.len() + whole.len() > MAX_BODY {
                        return Err(EslError::Flood { limit: MAX_BODY });
                    }
                    self.early.extend(whole);
                }
            }
        }
    }

    async fn take(&mut self) -> Result<Frame<'_>, EslError> {
        while !self.decoder.is_ready()? {
            if self.stream.read_buf(self.decoder.room()).await? == 0 {
                self.decoder.finish()?;
                return Err(EslError::Closed);
            }
        }
        match self.decoder.next_frame()? {
            Some(frame) if frame.kind != FrameKind::DisconnectNotice => Ok(frame),
            _ => Err(EslError::Closed),
        }
    }
}
