import Firmware
import Foundation
import Terminal

/// Tells people or programs how the flashes go.
///
/// A class because all flashes share it; `lock` guards `shown` and the order of the output.
final class FlashReporter: @unchecked Sendable {
    enum Form { case people, lines, frames }

    struct Outcome: Encodable, Sendable {
        let device: String
        let exitCode: Int32
        let error: String?
        let model: String?
        let serial: String?
        let bytes: Int64
        let writtenBytes: Int64
        let verifiedBytes: Int64
        let seconds: Double
    }

    private struct Progress: Encodable {
        let phase: String
        let device: String
        let percent: Int
        let bytes: Int64
        let totalBytes: Int64
        let etaSeconds: Int?
    }

    private struct End: Encodable {
        let exitCode: Int32
        let error: String?
        let devices: [Outcome]
    }

    let form: Form
    private let isTerminal = isatty(2) == 1
    private let lock = NSLock()
    private var shown: [String: FlashProgress] = [:]

    init(_ form: Form) { self.form = form }

    /// Writes one record for programs.
    func record(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard form != .people, let json = try? encoder.encode(value) else { return }
        let bytes = form == .frames ? Data(FlashFrame.bytes([UInt8](json))) : json + [0x0A]
        lock.withLock { FileHandle.standardOutput.write(bytes) }
    }

    func progress(_ progress: FlashProgress, device: String) {
        guard form == .people else {
            return record(
                Progress(
                    phase: progress.phase.rawValue,
                    device: device,
                    percent: progress.percent,
                    bytes: progress.bytes,
                    totalBytes: progress.totalBytes,
                    etaSeconds: progress.etaSeconds
                )
            )
        }
        lock.withLock {
            let before = shown.updateValue(progress, forKey: device)
            if isTerminal {
                redraw()
            } else if before?.phase != progress.phase
                || before.map({ $0.percent / 10 != progress.percent / 10 }) ?? true
            {
                Console.note(Self.text(progress, device))
            }
        }
    }

    /// One line for all devices, in place.
    private func redraw() {
        let parts = shown.sorted { $0.key < $1.key }.map { device, progress in
            let filled = progress.percent / 5
            let bar =
                String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
            return Self.text(progress, device, bar: shown.count == 1 ? " [\(bar)]" : "")
        }
        let isOver = shown.values.allSatisfy { $0.phase == .done }
        let line = "\r\u{1B}[K" + parts.joined(separator: " | ") + (isOver ? "\n" : "")
        FileHandle.standardError.write(Data(line.utf8))
    }

    private static func text(
        _ progress: FlashProgress,
        _ device: String,
        bar: String = ""
    ) -> String {
        let eta = progress.etaSeconds.map { $0 > 0 ? ", \($0) s left" : "" } ?? ""
        return "\(device)\(bar): \(progress.phase.rawValue) \(progress.percent) %\(eta)"
    }

    /// Writes the last record.
    func end(exitCode: Int32, error: String?, _ outcomes: [Outcome]) {
        record(End(exitCode: exitCode, error: error, devices: outcomes))
    }
}
