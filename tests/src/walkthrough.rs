//! The commands of docs/deployment.md, as a reader of it runs them.

use std::fs;
use std::process::Command;

use crate::programs;

/// What is run between two sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The heading that it is under.
    pub heading: String,
    /// Shell commands.
    pub script: String,
}

impl Block {
    /// Lets a bash run it, which the caller has prepared (kubectl and its KUBECONFIG, where it
    /// runs), in the place where a reader would. It ends at the first command that fails.
    pub fn arguments<'a>(&self, bash: &'a mut Command) -> &'a mut Command {
        bash.args(["-euo", "pipefail", "-c", &self.script]).current_dir(programs::root())
    }
}

/// The blocks of the section "Walkthrough", in order.
///
/// # Panics
/// When the document cannot be read.
pub fn blocks() -> Vec<Block> {
    let text = fs::read_to_string(programs::root().join("docs/deployment.md")).expect("docs/deployment.md");
    read(&text)
}

fn read(text: &str) -> Vec<Block> {
    let section = text.lines().skip_while(|line| *line != "## Walkthrough").skip(1);
    let mut blocks: Vec<Block> = Vec::new();
    let mut heading = String::new();
    let mut inside = false;
    for line in section.take_while(|line| !line.starts_with("## ")) {
        match line {
            "```sh" => {
                inside = true;
                blocks.push(Block { heading: heading.clone(), script: String::new() });
            }
            "```" => inside = false,
            _ if inside => {
                if let Some(block) = blocks.last_mut() {
                    block.script.push_str(line);
                    block.script.push('\n');
                }
            }
            _ => {
                if let Some(title) = line.strip_prefix("### ") {
                    title.clone_into(&mut heading);
                }
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_the_walkthrough_alone_are_read() {
        let text = "```sh\nno\n```\n## Walkthrough\n### One\n```sh\na\n# b\n```\n```console\nno\n```\n### Two\n\
                    ```sh\nc\n```\n## Next\n```sh\nno\n```\n";
        let block = |heading: &str, script: &str| Block { heading: heading.into(), script: script.into() };
        assert_eq!(read(text), [block("One", "a\n# b\n"), block("Two", "c\n")]);
    }

    #[test]
    fn the_document_has_commands_that_bash_takes() {
        let blocks = blocks();
        assert!(blocks.iter().any(|block| block.script.contains("kubectl apply")), "{blocks:?}");
        for block in blocks {
            let output = block.arguments(Command::new("bash").arg("-n")).output().expect("bash is there");
            assert!(output.status.success(), "{}: {}", block.heading, String::from_utf8_lossy(&output.stderr));
        }
    }
}
