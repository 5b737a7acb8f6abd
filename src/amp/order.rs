//! The orders that AMP is given.

use crate::inventory::AmpLayer;

/// An order to AMP about one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmpOrder {
    StartInstance,
    StopInstance,
    Start,
    Stop,
    Kill,
}

impl AmpOrder {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::StartInstance => "ADSModule/StartInstance",
            Self::StopInstance => "ADSModule/StopInstance",
            Self::Start => "Core/Start",
            Self::Stop => "Core/Stop",
            Self::Kill => "Core/Kill",
        }
    }

    pub(super) fn layer(self) -> AmpLayer {
        match self {
            Self::StartInstance | Self::StopInstance => AmpLayer::Instance,
            Self::Start | Self::Stop | Self::Kill => AmpLayer::Application,
        }
    }
}
