//! The output of the services of a stack, as compose shows it.

use super::tool::Tool;
use crate::containers::Engine;
use crate::failure::{Failure, FailureKind};
use crate::inventory::ComposeSpec;
use crate::supervisor::{ConsoleOutput, OutputFrom};

/// Opens the output of all services, each line with its service before it.
///
/// # Errors
/// When compose cannot be called.
pub(super) async fn open(
    engine: &Engine,
    spec: &ComposeSpec,
    from: OutputFrom,
    follow: bool,
) -> Result<ConsoleOutput, Failure> {
    // Compose does not report an engine that is away on its standard output.
    engine.of_group(&spec.project).await?;
    let tool = Tool::find(engine).await?;
    if tool.is_old && matches!(from, OutputFrom::Time(_)) {
        let message = format!("{tool} cannot tell what was printed since a time");
        return Err(
            Failure::new(FailureKind::Unsupported, message).hint("install the compose plugin of Docker, or use -n")
        );
    }
    Ok(Box::new(tool.logs(spec, from, follow)?))
}
