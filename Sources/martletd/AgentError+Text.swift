import AgentProtocol
import BootControl
import BundleFormat
import InferenceRuntime
import Telemetry

extension AgentError {
    /// The line for standard error: `error: WHAT (WHERE)`.
    var line: TextLine {
        var line = TextLine("error: ")
        switch self {
        case .usage(let what, let argument):
            line.append(what)
            line.append(place: argument)
            line.append("\nhelp: martletd --help")
        case .configuration(let what, let number, let path):
            line.append(what)
            line.append(place: path, line: number)
        case .keyMalformed(let path):
            line.append("this is not a release public key in minisign's form")
            line.append(place: path)
        case .identityMalformed(let path):
            line.append("this is not a collector's identity line")
            line.append(place: path)
        case .tokenMalformed(let path):
            line.append("an enrolment token is 64 hexadecimal digits")
            line.append(place: path)
        case .fileTooLarge(let path, let limit):
            line.append("the file is larger than its limit in bytes, ")
            line.append(limit)
            line.append(place: path)
        case .numpy(let error, let path):
            line.append(error)
            line.append(place: path)
        case .inputMismatch, .inputCountMismatch, .outputCountMismatch: appendMismatch(to: &line)
        default: appendFault(to: &line)
        }
        line.append("\n")
        return line
    }

    private func appendMismatch(to line: inout TextLine) {
        switch self {
        case .inputMismatch(let path, let given, let needed):
            line.append("the array's type or shape is not the input's: a sample has ")
            line.append(given)
            line.append(" bytes, the model takes ")
            line.append(needed)
            line.append(place: path)
        case .inputCountMismatch(let given, let needed):
            line.append("the model takes another number of --input files")
            line.append(given: given, needed: needed)
        case .outputCountMismatch(let given, let needed):
            line.append("the model gives another number of --output files")
            line.append(given: given, needed: needed)
        default: break
        }
    }

    private func appendFault(to line: inout TextLine) {
        switch self {
        case .stateInUse(let path):
            line.append("another agent runs on this state directory")
            line.append(place: path)
        case .keyExposed(let path):
            line.append("the device's key file can be read by others: chmod 600")
            line.append(place: path)
        case .socketInUse(let path):
            line.append("the socket's name is in use")
            line.append(place: path)
        case .bundle(let error, let path):
            line.append(error)
            line.append(place: path)
        case .program(let error, let path):
            line.append(error)
            line.append(place: path)
        case .imageChanged(let path):
            line.append("the installed image differs from the signed hash")
            line.append(place: path)
        case .goldenShape(let inputs, let outputs):
            line.append("the golden vectors do not fit the program: inputs of ")
            line.append(inputs)
            line.append(" bytes, outputs of ")
            line.append(outputs)
        case .goldenMismatch(let vector, let byte):
            line.append("self-test failed: this machine does not compute golden vector ")
            line.append(vector)
            line.append(", output byte ")
            line.append(byte)
        default: appendEnvironment(to: &line)
        }
    }

    private func appendEnvironment(to line: inout TextLine) {
        switch self {
        case .deviceKeyMalformed(let path):
            line.append("the device's key file is damaged")
            line.append(place: path)
        case .stateDamaged(let path):
            line.append("no copy of the state record is whole")
            line.append(place: path)
        case .system(let call, let code, let path):
            line.append("cannot ")
            line.append(call.text)
            line.append(systemCode: code)
            line.append(place: path)
        case .spool(let error, let path):
            line.append(error)
            line.append(place: path)
        case .outOfMemory(let size):
            line.append("no memory for bytes: ")
            line.append(size)
        case .noRandomness: line.append("the system has no random numbers")
        case .answerMalformed(let path):
            line.append("the socket's answer breaks the protocol")
            line.append(place: path)
        case .agentBusy(let path):
            line.append("all places of the agent are taken")
            line.append(place: path)
        default: appendSystem(to: &line)
        }
    }

    private func appendSystem(to line: inout TextLine) {
        switch self {
        case .diskMissing(let path):
            line.append("no disk has this system's identity")
            line.append(place: path)
        case .partitionMissing(let number):
            line.append("the disk has no partition ")
            line.append(number)
        case .bootControl(let error, let path):
            line.append(error)
            line.append(place: path)
        case .slotUnknown(let path):
            line.append("there are no slots, or the kernel was not told which one it is")
            line.append(place: path)
        case .notConfirmed: line.append("the slot did not prove itself in time")
        default: line.append("internal")
        }
    }
}

extension SystemCall {
    fileprivate var text: StaticString {
        switch self {
        case .open: "open"
        case .read: "read"
        case .write: "write"
        case .synchronize: "synchronize"
        case .reserve: "reserve room for"
        case .map: "map"
        case .lock: "lock"
        case .remove: "remove"
        case .rename: "rename"
        case .makeDirectory: "make the directory"
        case .listen: "listen on"
        case .connect: "connect to"
        case .poll: "wait for events"
        case .signals: "take signals"
        case .mount: "mount"
        case .load: "load"
        case .start: "start"
        case .network: "set up the network's"
        case .grow: "grow"
        case .changeRoot: "change the root to"
        }
    }
}

extension TextLine {
    mutating func append(place bytes: [UInt8]) {
        append(" (")
        append(visible: bytes)
        append(")")
    }

    mutating func append(place path: Path) { append(place: path.text) }

    fileprivate mutating func append(place path: Path, line: Int) {
        append(" (")
        append(visible: path.text)
        append(":")
        append(line)
        append(")")
    }

    fileprivate mutating func append(given: Int, needed: Int) {
        append(": ")
        append(given)
        append(" instead of ")
        append(needed)
    }

    mutating func append(systemCode code: Int32) {
        append(": ")
        append(SystemCode.text(code))
        append(", error ")
        append(Int(code))
    }
}
