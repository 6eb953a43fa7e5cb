import AgentProtocol
import BundleFormat

/// `martletd run`: serves and reports until SIGTERM.
struct RunCommand {
    private let configuration: Configuration

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        guard arguments.take("--config") else {
            throw .usage("--config is missing", argument: arguments.word() ?? [])
        }
        let path = try arguments.path(of: "--config")
        try arguments.finish()
        configuration = try ConfigurationFile.read(path)
    }

    func run() throws(AgentError) -> ExitStatus {
        let trusted = try ReleaseKeyFile.trusted(configuration.trust)
        let signals = try Signals()
        let state = try DeviceState(beginning: configuration)
        do throws(AgentError) {
            let engine = try loadEngine(BundleLoader(trusted: trusted), state)
            var agent = try Agent(configuration, state: state, engine: engine, signals: signals)
            try agent.serve()
        } catch {
            try? state.end()
            throw error
        }
        try state.end()
        Log.note("stopped in order")
        return .success
    }

    /// Installs the image and proves this machine on it; nothing is served before that.
    private func loadEngine(
        _ loader: BundleLoader,
        _ state: DeviceState
    ) throws(AgentError) -> InferenceEngine {
        let image = try loader.install(configuration.bundle, in: state.directory.images)
        var engine = try InferenceEngine(image)
        let count = try SelfTest.run(&engine)
        Log.note("golden vectors computed bit for bit:", count)
        let contentID = engine.image.manifest.contentID
        try state.activate(contentID)
        try ImageDirectory.keepOnly(contentID, in: state.directory.images)
        return engine
    }
}
