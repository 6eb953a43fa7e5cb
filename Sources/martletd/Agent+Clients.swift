import AgentProtocol
import CPlatform

extension Agent {
    /// Goes on with one client.
    mutating func advanceClient(_ index: Int) {
        // Inferences of other clients may have taken long since the turn began.
        let now = platform_monotonic_ns()
        switch server.advance(index, now: now) {
        case .nothing, .closed: break
        case .refused(let status):
            if status == .wrongSize {
                recorder.recordBadInput()
            } else {
                recorder.recordBadRequest()
            }
            server.answer(index, status, payloadSize: 0)
        case .request(let kind, let flags):
            let place = server.places[index]
            var size = 0
            switch kind {
            case .infer: size = infer(place)
            case .status:
                let isJSON = flags & RequestHeader.isJSON != 0
                size = Agent.copy(status(isJSON: isJSON), to: place)
            case .resetState: engine.resetState()
            case .describe: size = Agent.copy(Description.encode(engine), to: place)
            }
            server.answer(index, .ok, payloadSize: size)
        }
    }

    /// Runs the model on a place's payload; the answer's size.
    private mutating func infer(_ place: Connection) -> Int {
        let input = unsafe place.payload
        // Safe: the server gave every place room for the outputs.
        let room = unsafe place.answerRoom[..<engine.outputSizeBytes]
        let output = unsafe UnsafeMutableRawBufferPointer(rebasing: room)
        let time = unsafe engine.infer(input, into: output)
        unsafe recorder.record(
            nanoseconds: time,
            input: input,
            output: UnsafeRawBufferPointer(output)
        )
        return engine.outputSizeBytes
    }

    private static func copy(_ bytes: [UInt8], to place: Connection) -> Int {
        // Safe: the copy is cut to the room.
        let room = unsafe place.answerRoom
        let size = min(bytes.count, room.count)
        unsafe room.copyBytes(from: bytes[..<size])
        return size
    }
}
