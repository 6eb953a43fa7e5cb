import Foundation
import Glibc

/// The record of flashed cards: one line of CSV a card (RFC 4180), for the factory's books.
///
/// ```
/// time,image,image-sha256,device,model,serial,bytes,seconds,mb-per-second,result,error
/// ```
/// A line is appended with one write and made durable before the next card is told of. Names of
/// models and serial numbers come from outside: a field that a spreadsheet would calculate gets an
/// apostrophe in front.
public struct FlashLog: Sendable {
    /// One card.
    public struct Row: Sendable, Hashable {
        /// When the card was done, in seconds since 1970.
        public var timeSeconds: Double
        /// The image's path.
        public var image: String
        /// The image's SHA-256 in hexadecimal.
        public var imageSHA256: String
        /// The card's path.
        public var device: String
        /// The card's model, or nothing.
        public var model: String
        /// The card's serial number, or nothing.
        public var serial: String
        /// The size of what was flashed.
        public var bytes: Int64
        /// How long it took.
        public var seconds: Double
        /// The stable name of the error; `nil` when all went well.
        public var error: String?

        /// Makes a row of its fields.
        public init(
            timeSeconds: Double,
            image: String,
            imageSHA256: String,
            device: String,
            model: String,
            serial: String,
            bytes: Int64,
            seconds: Double,
            error: String?
        ) {
            self.timeSeconds = timeSeconds
            self.image = image
            self.imageSHA256 = imageSHA256
            self.device = device
            self.model = model
            self.serial = serial
            self.bytes = bytes
            self.seconds = seconds
            self.error = error
        }
    }

    static let header =
        "time,image,image-sha256,device,model,serial,bytes,seconds,mb-per-second,result,error\r\n"

    private let file: OpenFile

    /// Opens a log, or makes one with its header.
    ///
    /// - Throws: `FlashError.openFailed`.
    public init(path: String) throws(FlashError) {
        do throws(SystemCode) {
            file = try OpenFile(path: path, flags: O_WRONLY | O_APPEND | O_CREAT)
            guard try file.status().kind == .regular else { throw SystemCode(EINVAL) }
            if file.seekEnd() == 0 { try file.append(Self.header) }
        } catch {
            throw .openFailed(path: path, code: error.code)
        }
    }

    /// Appends a row and makes it durable.
    ///
    /// - Throws: `FlashError.openFailed` with the name of the device.
    public func append(_ row: Row) throws(FlashError) {
        do throws(SystemCode) {
            try file.append(Self.line(row))
        } catch {
            throw .openFailed(path: "the log of \(row.device)", code: error.code)
        }
    }

    static func line(_ row: Row) -> String {
        let pace = row.seconds > 0 ? Double(row.bytes) / 1e6 / row.seconds : 0
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
        let fields = [
            Date(timeIntervalSince1970: row.timeSeconds).formatted(style), row.image,
            row.imageSHA256, row.device, row.model, row.serial, String(row.bytes),
            fixed(row.seconds, places: 3), fixed(pace, places: 1),
            row.error == nil ? "ok" : "failed", row.error ?? "",
        ]
        return fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    private static func fixed(_ value: Double, places: Int) -> String {
        String(format: "%.\(places)f", value)
    }

    /// A field as RFC 4180 section 2 has it.
    static func quoted(_ field: String) -> String {
        let isFormula = field.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        let text = isFormula ? "'" + field : field
        guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension OpenFile {
    /// Appends with one write, so that lines of several programs do not mix, and makes it durable.
    fileprivate func append(_ line: String) throws(SystemCode) {
        let bytes = Array(line.utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        guard written == bytes.count else { throw SystemCode(written < 0 ? errno : ENOSPC) }
        try synchronize()
    }
}
