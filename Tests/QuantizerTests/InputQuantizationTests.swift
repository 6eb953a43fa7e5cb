import Quantizer
import Testing

@Suite("Edge quantization")
struct InputQuantizationTests {
    @Test(
        "ties round away from zero and the ends saturate",
        arguments: [
            (Float(0.25), Int8(1)), (-0.25, -1), (0.24, 0), (1e30, 127), (-1e30, -128),
            (.infinity, 127), (-.infinity, -128),
        ]
    )
    func rounding(value: Float, stored: Int8) throws {
        #expect(try EdgeQuantization.quantize(value, scale: 0.5, zeroPoint: 0) == stored)
    }

    @Test("every stored value survives the way out and back", arguments: [-128, -3, 0, 127])
    func roundTrip(zeroPoint: Int32) throws {
        for stored in Int8.min...Int8.max {
            let real = EdgeQuantization.dequantize(
                Int32(stored),
                scale: 0.58470291,
                zeroPoint: zeroPoint
            )
            let back = try EdgeQuantization.quantize(real, scale: 0.58470291, zeroPoint: zeroPoint)
            #expect(back == stored)
        }
    }

    @Test("NaN is refused")
    func notANumber() {
        #expect(throws: EdgeQuantizationError.notANumber) {
            try EdgeQuantization.quantize(.nan, scale: 1, zeroPoint: 0)
        }
    }
}
