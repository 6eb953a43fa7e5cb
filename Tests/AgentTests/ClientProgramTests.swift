import Foundation
import Glibc
import Testing

@Suite("The clients of tools/clients")
struct ClientProgramTests {
    static let clients = Stand.root.appending(path: "tools/clients")

    /// Runs a program to its end in a stand's folder.
    static func run(_ stand: Stand, _ arguments: [String]) throws -> (code: Int32, output: String) {
        let log = stand.folder.appending(path: "run-\(UUID().uuidString)")
        let process = try ChildProcess(arguments, log: log)
        guard case .exit(let code) = process.wait(seconds: 60) else { return (-1, process.errors) }
        return (code, process.output + process.errors)
    }

    /// Whether a program can be called.
    static func has(_ program: String) -> Bool {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    @Test(
        "the C client builds without a warning, as C and as C++",
        arguments: [
            ["gcc", "-std=c11"], ["clang", "-std=c11"], ["g++", "-std=c++17", "-x", "c++"],
            ["clang++", "-std=c++17", "-x", "c++"],
        ]
    )
    func buildsCleanly(compiler: [String]) throws {
        guard Self.has(compiler[0]) else { return }
        let stand = try Stand()
        let source = Self.clients.appending(path: "example.c").path()
        let flags = ["-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
        let result = try Self.run(stand, compiler + flags + ["-o", stand.path("c"), source])
        #expect(result.code == 0, "\(result.output)")
    }

    @Test("the C client describes, infers and gives the status")
    func cClient() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let source = Self.clients.appending(path: "example.c").path()
        let program = stand.path("c")
        let build = try Self.run(
            stand,
            ["clang", "-fsanitize=address,undefined", "-o", program, source]
        )
        try #require(build.code == 0, "\(build.output)")
        let description = try Self.run(stand, [program, stand.path("s"), "describe"])
        #expect(description.code == 0)
        #expect(description.output.contains("type 0 shape 1 8 8 1 bytes 64 scale 0.0627451017"))
        #expect(description.output.contains("type 0 shape 1 10 bytes 10 scale 0.00390625"))
        #expect(description.output.contains("zero-point -128"))
        let inputs = try #require(DigitsBundle.inputs)
        try stand.write("in", inputs.flatMap { $0 })
        let arguments = [program, stand.path("s"), "infer", stand.path("in"), stand.path("out")]
        #expect(try Self.run(stand, arguments).code == 0)
        #expect(try stand.read("out") == DigitsBundle.outputs?.flatMap { $0 })
        let status = try Self.run(stand, [program, stand.path("s"), "status"])
        #expect(status.output.contains("\"inferences\":540"))
        let nobody = try Self.run(stand, [program, stand.path("nobody"), "status"])
        #expect(nobody.code == 7)
        #expect(nobody.output.contains("No such file or directory"))
        #expect(agent.endingNow == nil)
    }

    /// Runs lines of Python that have a connected `client`.
    static func python(_ stand: Stand, _ lines: String) throws -> (code: Int32, output: String) {
        let text = """
            import sys
            sys.path.insert(0, "\(clients.path())")
            sys.dont_write_bytecode = True
            import martlet_client
            from martlet_client import Client, MartletError
            client = Client("\(stand.path("s"))", timeout=5)
            \(lines)
            """
        try stand.write("t.py", [UInt8](text.utf8))
        return try run(stand, ["python3", stand.path("t.py")])
    }

    @Test("the Python client describes, infers and gives the status")
    func pythonClient() throws {
        let stand = try Stand()
        let agent = try stand.start()
        try stand.write("in", try #require(DigitsBundle.inputs)[5])
        let result = try Self.python(
            stand,
            """
            sample = open("\(stand.path("in"))", "rb").read()
            with client:
                (one,) = client.describe().inputs
                assert (one.type, one.shape, one.zero_point) == ("int8", (1, 8, 8, 1), -128), one
                assert abs(one.scale - 0.0627451) < 1e-6 and one.size_bytes == 64
                assert len(client.describe().content_id) == 64
                whole = client.infer(sample)
                assert client.infer([sample]) == [whole]
                for bad in (b"", sample + b"x", [], [sample, sample], [b""]):
                    try:
                        client.infer(bad)
                        sys.exit("taken: %r" % bad)
                    except MartletError as error:
                        assert error.status == 3, error
                status = client.status()
                assert status["inferences"] == 2 and status["bad-inputs"] == 2, status
                open("\(stand.path("out"))", "wb").write(whole)
            """
        )
        #expect(result.code == 0, "\(result.output)")
        #expect(try stand.read("out") == DigitsBundle.outputs?[5])
        #expect(agent.endingNow == nil)
    }

    @Test("the Python client says when the agent has no place, stalls or is gone")
    func pythonFaults() throws {
        let stand = try Stand(["clients": "1"])
        let agent = try stand.start()
        let result = try Self.python(
            stand,
            """
            import os, signal, socket, time
            client.status()
            try:
                Client("\(stand.path("s"))").status()
                sys.exit("taken")
            except MartletError as error:
                assert error.status == 4, error
            os.kill(\(agent.identifier), signal.SIGSTOP)
            client._timeout = 0.1
            try:
                client.status()
                sys.exit("answered")
            except socket.timeout:
                pass
            os.kill(\(agent.identifier), signal.SIGKILL)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    Client("\(stand.path("s"))").close()
                except OSError:
                    sys.exit(0)
            sys.exit("connected")
            """
        )
        #expect(result.code == 0, "\(result.output)")
    }

    @Test("the Python client is a program, too")
    func pythonProgram() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let program = ["python3", Self.clients.appending(path: "martlet_client.py").path()]
        let status = try Self.run(stand, program + [stand.path("s"), "status"])
        #expect(status.code == 0)
        #expect(status.output.contains("\"bundle-name\": \"digits\""))
        let description = try Self.run(stand, program + [stand.path("s"), "describe"])
        #expect(description.output.contains("int8 [1, 8, 8, 1] 64 bytes, scale 0.0627451017"))
        try stand.write("in", try #require(DigitsBundle.inputs)[9])
        let arguments = [stand.path("s"), "infer", stand.path("in"), stand.path("out")]
        #expect(try Self.run(stand, program + arguments).code == 0)
        #expect(try stand.read("out") == DigitsBundle.outputs?[9])
        #expect(try Self.run(stand, program + [stand.path("s")]).code == 2)
        #expect(try Self.run(stand, program + [stand.path("nobody"), "status"]).code == 7)
        #expect(agent.endingNow == nil)
    }
}
