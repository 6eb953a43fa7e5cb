import InferenceRuntime
import Quantizer
import Terminal

/// Reads the predicted class off a model's first output.
struct Classifier {
    let classCount: Int
    private let type: ElementType

    init(_ model: HostModel) throws {
        let port = model.program.output(0)
        type = port.type
        switch port.type {
        case .int8, .uint8: classCount = port.elementCount
        case .int32 where port.elementCount == 1, .int64 where port.elementCount == 1:
            classCount = 65_536
        default:
            throw Failure(.usage, "the first output is not that of a classifier")
        }
    }

    /// The first class with the largest stored score, or the index that the model itself gives.
    func predict(_ outputs: [[UInt8]]) -> Int {
        let bytes = outputs[0]
        switch type {
        case .int8: return Classifier.argMax(bytes.map { Int8(bitPattern: $0) })
        case .uint8: return Classifier.argMax(bytes)
        default:
            return bytes.prefix(4).enumerated().reduce(0) {
                $0 | Int($1.element) << (8 * $1.offset)
            }
        }
    }

    private static func argMax<T: Comparable>(_ scores: [T]) -> Int {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return best
    }
}
