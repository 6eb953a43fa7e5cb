import ArgumentParser
import Foundation
import Terminal

/// The command line of Martlet: imports, builds, verifies, runs and measures model bundles.
@main
struct Martlet: RootCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Build, sign, verify and run model bundles for small Linux devices.",
        discussion: """
            Tensors travel as .npy or .npz files. Results go to standard output, everything else \
            to standard error; --json makes results readable by programs.

            Exit codes: 0 ok, 1 internal error, 2 usage, 3 refused as unsafe, 4 authentication or \
            integrity, 5 unsupported model, 6 accuracy or budget gate failed, 7 input or output, \
            8 no space, 9 wrong target.
            """,
        version: Version.text,
        subcommands: [
            KeyCommand.self, RootDocumentCommand.self, ChannelCommand.self, SignCommand.self,
            InspectCommand.self, BuildCommand.self, VerifyCommand.self,
            InferCommand.self, EvaluateCommand.self, BenchCommand.self, TargetCommand.self,
            ImageCommand.self, FlashCommand.self, DiskCommand.self,
        ]
    )

    /// Runs the named command and ends the process with its documented exit status.
    static func main() async {
        Foundation.exit(await status(of: Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    static func failure(describing error: any Error) -> Failure? { Failure(describing: error) }
}
