import AgentProtocol
import BundleFormat
import CPlatform

/// The agent: verifies a bundle, runs it for applications, and reports.
@main
struct Martletd {
    static let version: StaticString = "0.1.0"

    static func main() {
        // A handler for a known signal number can be set.
        _ = platform_signals_ignore()
        var arguments = ArgumentReader.ofProcess()
        if Init.isAsked(&arguments) { Init.run() }
        do throws(AgentError) {
            platform_exit(try run(&arguments).rawValue)
        } catch {
            error.line.printError()
            platform_exit(error.status.rawValue)
        }
    }

    private static func run(_ arguments: inout ArgumentReader) throws(AgentError) -> ExitStatus {
        if arguments.take("--help") { return show(help) }
        if arguments.take("--version") { return show(version) }
        guard Sodium.initialize() else { throw .noRandomness }
        if arguments.take("run") { return try RunCommand(&arguments).run() }
        if arguments.take("infer") { return try InferCommand(&arguments).run() }
        if arguments.take("status") { return try StatusCommand(&arguments).run() }
        if arguments.take("state"), arguments.take("check") {
            return try StateCheckCommand(&arguments).run()
        }
        if arguments.take("slot") { return try SlotCommand(&arguments).run() }
        if arguments.take("init") { throw .usage("init is for process 1 only", argument: []) }
        if arguments.take("target") { return try TargetCommand(&arguments).run() }
        throw .usage("a verb is missing or unknown", argument: arguments.word() ?? [])
    }

    private static func show(_ text: StaticString) -> ExitStatus {
        var line = TextLine(text)
        line.append("\n")
        return line.print() ? .success : .inputOutput
    }

    private static let help: StaticString = """
        martletd: runs a signed model bundle on a device and reports to a collector.

          martletd run --config FILE
              Verify the bundle, prove this machine on its golden vectors, serve applications
              on a Unix socket and report. SIGTERM ends it in order, SIGHUP reports now.
          martletd infer --bundle F.eib --trust KEY.pub --input X.npy --output Y.npy
              Run the bundle on the samples of X. Repeat --input and --output in the order of
              the model's tensors, --trust for every key that may have signed. With
              --reset-state each, no sample finds what the one before left in the model.
          martletd status --socket S [--json]
              What a running agent says of itself.
          martletd state check (--config FILE | --state DIR)
              Whether the state directory of a stopped agent is whole.
          martletd slot status [--json]
          martletd slot try A|B [--restart]
          martletd slot confirm [--when serving|reported] [--timeout-s N] [--config FILE]
              What the boot loader holds of the system's two slots: show it; let it try a slot
              at the next start; give the running slot all its tries back, perhaps only after
              the agent serves or its report is acknowledged, for which it waits N s (120).
              --system-conf FILE says where the slots are (/etc/system.conf).
          martletd init
              As process 1 of a device, also under the name init: mounts, runs, restarts.
          martletd target [--system-root DIR] [--json]
              What this machine says of itself, and the target profile that fits it best.
          martletd --help | --version

        Exit codes: 0 ok, 1 internal, 2 usage, 3 refused as unsafe, 4 authentication or integrity,
        5 unsupported model, 7 input or output failed, 8 no space, 9 wrong target.
        """
}
