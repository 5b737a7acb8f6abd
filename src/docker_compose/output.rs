//! The output of the services of a stack, as compose shows it: each line with
//! its service before it.

use anyhow::Result;

use super::stack::ComposeStack;
use super::tool::Tool;
use crate::failure::{Failure, FailureKind};
use crate::supervisor::{ConsoleOutput, OutputAsk, OutputFrom, OutputSource};

#[async_trait::async_trait]
impl OutputSource for ComposeStack {
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput> {
        // Compose does not report an engine that is away on its standard output.
        let containers = self.engine().of_group(&self.spec().project).await?;
        let tool = Tool::find(self.engine(), self.spec()).await?;
        if tool.is_of_podman() {
            // It prints its own calls among what the services say.
            return Ok(Box::new(self.engine().logs(&containers, ask)?));
        }
        if tool.is_old() && matches!(ask.from, OutputFrom::Time(_)) {
            let message = format!("{tool} cannot tell what was printed since a time");
            let failure = Failure::new(FailureKind::Unsupported, message);
            return Err(failure.hint("install the compose plugin of Docker, or use -n").into());
        }
        Ok(Box::new(tool.logs(ask)?))
    }
}
