import AgentProtocol
import CPlatform

/// `martletd status`: asks a running agent.
struct StatusCommand {
    private let socket: Path
    private let isJSON: Bool
    /// An agent that is busy with one inference answers late, but not this late.
    private static let timeoutNanoseconds: Int64 = 10_000_000_000

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        var socket: Path?
        var isJSON = false
        while true {
            if arguments.take("--socket") {
                socket = try arguments.path(of: "--socket")
            } else if arguments.take("--json") {
                isJSON = true
            } else {
                break
            }
        }
        try arguments.finish()
        guard let socket else { throw .usage("--socket is missing", argument: []) }
        self.socket = socket
        self.isJSON = isJSON
    }

    func run() throws(AgentError) -> ExitStatus {
        let text = try AgentConversation.status(
            of: socket,
            isJSON: isJSON,
            timeoutNanoseconds: StatusCommand.timeoutNanoseconds
        )
        // Safe: the pointer and the count are the array's.
        let printed = unsafe platform_print(text, text.count)
        return printed >= 0 ? .success : .inputOutput
    }
}
