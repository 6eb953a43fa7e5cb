import Foundation

/// Progress of long work: a bar on a terminal, a plain line every tenth elsewhere.
package struct ProgressBar {
    private let label: String
    private let total: Int
    private let isTerminal: Bool
    private var shownPercent = -1

    /// Makes a bar for a number of steps.
    package init(_ label: String, total: Int) {
        self.label = label
        self.total = max(total, 1)
        isTerminal = isatty(2) == 1
    }

    /// Shows that `done` of the total steps are finished.
    package mutating func update(_ done: Int) {
        let percent = min(done, total) * 100 / total
        guard percent != shownPercent else { return }
        if isTerminal {
            let filled = percent * 30 / 100
            let bar =
                String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
            let end = percent == 100 ? "\n" : ""
            FileHandle.standardError.write(Data("\r\(label) [\(bar)] \(percent) %\(end)".utf8))
        } else if shownPercent < 0 || percent / 10 != shownPercent / 10 {
            Console.note("\(label): \(percent) %")
        }
        shownPercent = percent
    }
}
