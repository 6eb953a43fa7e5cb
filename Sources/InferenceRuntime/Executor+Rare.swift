import CKernels

// Operators with one implementation for every tier: they are called past the kernel table.
extension Executor {
    /// Validation proved every address to hold what the kernel reads and writes.
    func runRare(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .prelu: unsafe s8_prelu__scalar(call.parameters(), call.a(), call.b(), call.y())
        case .squaredDifference:
            unsafe s8_squared_difference__scalar(
                call.parameters(),
                call.a(),
                call.b(),
                call.y()
            )
        case .divide: unsafe s8_divide__scalar(call.parameters(), call.a(), call.b(), call.y())
        case .lookupPair:
            unsafe x8_lookup_pair__scalar(
                call.parameters(),
                call.a(),
                call.b(),
                call.constants(),
                call.y()
            )
        case .moveSelected:
            unsafe x8_move_selected__scalar(call.parameters(), call.a(), call.b(), call.y())
        case .batchMatMul:
            unsafe s8_matmul__scalar(call.parameters(), call.a(), call.b(), call.y())
        case .gather:
            let indices: UnsafePointer<UInt8> = unsafe call.b()
            unsafe x8_gather__scalar(call.parameters(), call.a(), indices, call.y())
        case .logSoftmax: unsafe s8_log_softmax__scalar(call.parameters(), call.a(), call.y())
        case .layerNormalization: runLayerNormalization(call)
        default: break
        }
    }

    /// The biases follow the gains.
    private func runLayerNormalization(_ call: borrowing OperatorCall) {
        let parameters: UnsafePointer<martlet_layer_normalization> = unsafe call.parameters()
        let gains: UnsafePointer<Int32> = unsafe call.constants()
        let biases = unsafe gains + Int(parameters.pointee.depth)
        unsafe s8_layer_normalization__scalar(parameters, call.a(), gains, biases, call.y())
    }
}
