import Foundation

/// Writes for people to standard error, and results to standard output.
enum Console {
    /// Writes one message to standard error.
    static func note(_ message: String) {
        FileHandle.standardError.write(Data((message + "\n").utf8))
    }

    /// Writes a result as JSON with sorted keys, so that the same result has the same bytes.
    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Writes rows as a table whose columns are as wide as their widest cell.
    static func printTable(_ rows: [[String]]) {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            print(cells.joined(separator: "  "))
        }
    }
}

/// Progress of long work: a bar on a terminal, a plain line every tenth elsewhere.
struct ProgressBar {
    private let label: String
    private let total: Int
    private let isTerminal: Bool
    private var shownPercent = -1

    init(_ label: String, total: Int) {
        self.label = label
        self.total = max(total, 1)
        isTerminal = isatty(2) == 1
    }

    /// Shows that `done` of the total steps are finished.
    mutating func update(_ done: Int) {
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
