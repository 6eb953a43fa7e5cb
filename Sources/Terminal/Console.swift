import Foundation

/// Writes for people to standard error, and results to standard output.
package enum Console {
    /// Writes one message to standard error.
    package static func note(_ message: String) {
        FileHandle.standardError.write(Data((message + "\n").utf8))
    }

    /// Writes one line to standard output at once, also into a pipe.
    package static func printLine(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// Writes a result as JSON with sorted keys, so that the same result has the same bytes.
    package static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        printLine(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Writes rows as a table whose columns are as wide as their widest cell.
    package static func printTable(_ rows: [[String]]) {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            printLine(cells.joined(separator: "  "))
        }
    }
}
