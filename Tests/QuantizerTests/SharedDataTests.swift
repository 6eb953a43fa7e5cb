import Foundation
import InferenceRuntime
import ModelGraph
import Testing

@testable import Quantizer

/// Photographs beside the project, where a machine has them.
@Suite("Published data")
struct SharedDataTests {
    static let present = ["ic01/calib_u8", "vww01/calib_u8", "imagenet_sample/inputs_u8_128"]
        .filter { FileManager.default.fileExists(atPath: url($0).path()) }

    private static func url(_ name: String) -> URL {
        SharedFloatModelTests.shared.appending(path: "data/\(name).npy")
    }

    @Test("photographs are told apart by where their channels lie", arguments: present)
    func layout(name: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.url(name)))
        let file = try NumpyFile(validating: bytes)
        let (height, width) = (file.shape[1], file.shape[2])
        let size = height * width * 3
        let content = bytes[file.dataRange]
        let images = (0..<min(20, file.shape[0])).map { index in
            let start = content.startIndex + index * size
            return content[start..<start + size].map { Float($0) }
        }
        let planes = images.map { image in
            (0..<size).map { image[$0 % (height * width) * 3 + $0 / (height * width)] }
        }
        for (shape, right, wrong) in [
            ([1, height, width, 3], images, planes), ([1, 3, height, width], planes, images),
        ] {
            for (samples, isExpected) in [(right, false), (wrong, true)] {
                let findings = try DataLintTests.lint(shape, samples).findings()
                #expect(findings.contains { $0.kind == .wrongLayout } == isExpected, "\(shape)")
            }
        }
    }
}
