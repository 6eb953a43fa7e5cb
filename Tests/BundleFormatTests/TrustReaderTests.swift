import BundleFormat
import Foundation
import Packager
import Testing

/// Our reader and one that was written from the description alone, in another language, agree on
/// what is a document and whom it binds.
@Suite("Trust documents, read by another program")
struct TrustReaderTests {
    typealias Ceremony = TrustCeremony

    static let reader = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "tools/vectors/trust_reader.py").path()

    static func answers(to questions: [String]) throws -> [Bool] {
        let run = try Tool.run(
            ["python3", reader],
            input: questions.joined(separator: "\n") + "\n"
        )
        try #require(run.status == 0, "\(run.output)")
        return run.output.split(separator: "\n").map { $0 == "yes" }
    }

    /// Numbers that follow from a seed alone.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    static func isDocument(_ bytes: [UInt8], _ kind: DocumentKind) -> Bool {
        guard let document = try? SignedDocument(decoding: bytes, kind: kind) else { return false }
        switch kind {
        case .root: return (try? Root(decoding: document.text)) != nil
        case .channel: return (try? Channel(decoding: document.text)) != nil
        }
    }

    /// A text changed in one of the ways in which texts go wrong.
    static func mutate(_ text: [UInt8], _ random: inout Generator) -> [UInt8] {
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let index = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: lines.swapAt(index, Int.random(in: 0..<lines.count, using: &random))
        case 1: lines.insert(lines[index], at: index)
        case 2: lines.remove(at: index)
        case 3: lines.insert([UInt8]("x-extra \(index)".utf8), at: lines.count - 1)
        case 4:
            let numbers = ["0", "1", "2", "3", "16", "100", "101", "18446744073709551615", "007"]
            var words = lines[index].split(separator: 0x20).map(Array.init)
            let number = numbers.randomElement(using: &random) ?? "0"
            if words.count > 1 { words[words.count - 1] = [UInt8](number.utf8) }
            lines[index] = Array(words.joined(separator: [0x20]))
        default:
            var changed = text
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let offset = Int.random(in: 0..<changed.count, using: &random)
                let pool = [UInt8]("\n 0129afgAFxkr-._\r\t\u{0}~".utf8)
                changed[offset] = pool.randomElement(using: &random) ?? 0
            }
            return changed
        }
        return Array(lines.joined(separator: [0x0A]))
    }

    @Test("mutated texts under a right hash are documents for both readers or for none")
    func mutatedTexts() throws {
        let seed: UInt64 = 20_261_124
        var random = Generator(state: seed)
        var root = Ceremony.root()
        root.revokedKeys = [Ceremony.nextRootKeys[0].publicKey.key]
        root.revokedContents = [[UInt8](repeating: 5, count: 32)]
        root.extensions = [[UInt8]("x-a note".utf8)]
        let texts: [(DocumentKind, [UInt8])] = [
            (.root, root.encoded()), (.channel, Ceremony.channel().encoded()),
        ]
        var ours: [Bool] = []
        var questions: [String] = []
        for (kind, text) in texts {
            for index in 0..<1_500 {
                let changed = index == 0 ? text : Self.mutate(text, &random)
                guard (1...kind.textSizeMax).contains(changed.count) else { continue }
                let bytes = SignedDocument(kind: kind, text: changed).encoded()
                ours.append(Self.isDocument(bytes, kind))
                questions.append("form \(kind) \(bytes.hexDigits)")
            }
        }
        let theirs = try Self.answers(to: questions)
        try #require(theirs.count == ours.count)
        for (index, question) in questions.enumerated() where ours[index] != theirs[index] {
            Issue.record(
                "seed \(seed), case \(index), ours \(ours[index]): \(question.suffix(600))"
            )
        }
        // The mutations are of both kinds, or they would show nothing.
        let accepted = ours.count { $0 }
        #expect(accepted > 100 && accepted < ours.count / 2, "\(accepted) of \(ours.count)")
    }

    @Test("damaged envelopes are documents for both readers or for none")
    func damagedEnvelopes() throws {
        let bytes = try Ceremony.file(Ceremony.root(), signedBy: Ceremony.rootKeys)
        var cases: [[UInt8]] = []
        for offset in 0..<(96 + 4 * 144) {
            var changed = bytes
            changed[offset] ^= UInt8(1 << (offset % 8))
            cases.append(changed)
        }
        for count in stride(from: 0, to: bytes.count, by: 97) {
            cases.append([UInt8](bytes[..<count]))
        }
        cases.append(bytes + [0x0A])
        let theirs = try Self.answers(to: cases.map { "form root \($0.hexDigits)" })
        try #require(theirs.count == cases.count)
        for (index, changed) in cases.enumerated() {
            #expect(Self.isDocument(changed, .root) == theirs[index], "case \(index)")
        }
        #expect(theirs.contains(true) && theirs.contains(false))
    }

    @Test("walks over roots end in the same place for both readers")
    func walks() throws {
        let (old, new) = (Ceremony.rootKeys, Ceremony.nextRootKeys)
        let first = try Ceremony.file(Ceremony.root(), signedBy: Array(old[..<2]))
        var questions: [String] = []
        var ours: [Bool] = []
        let second = Ceremony.root(version: 2, rootKeys: new)
        for signers in TUFRotationTests.rotations.map(\.signers) {
            let next = try Ceremony.file(second, signedBy: signers)
            ours.append((try? TUFConformanceTests.walk([next])) != nil)
            questions.append("walk \(first.hexDigits) \(next.hexDigits)")
        }
        for version: UInt64 in [1, 2, 3] {
            let next = try Ceremony.file(Ceremony.root(version: version), signedBy: old)
            ours.append((try? TUFConformanceTests.walk([next])) != nil)
            questions.append("walk \(first.hexDigits) \(next.hexDigits)")
        }
        for keys in [[Ceremony.channelKey], [Ceremony.deltaKey], Ceremony.releaseKeys, old] {
            let channel = try Ceremony.file(Ceremony.channel(), signedBy: keys)
            ours.append((try? Ceremony.trusted().channel(channel)) != nil)
            questions.append("channel \(first.hexDigits) \(channel.hexDigits)")
        }
        // One flipped bit in each signature's place of a slot that is needed.
        let signed = try Ceremony.file(second, signedBy: Array(old[..<2]) + Array(new[..<2]))
        for offset in stride(from: 96, to: 96 + 4 * 144, by: 9) {
            var changed = signed
            changed[offset] ^= 4
            ours.append((try? TUFConformanceTests.walk([changed])) != nil)
            questions.append("walk \(first.hexDigits) \(changed.hexDigits)")
        }
        #expect(try Self.answers(to: questions) == ours)
        #expect(ours.count { $0 } == 4)
    }
}
