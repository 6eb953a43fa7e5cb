import ArgumentParser
import Foundation
import Testing

@testable import martlet

@Suite("Completions and help")
struct CompletionTests {
    /// Every command and its subcommands, as words.
    static let commands: [[String]] = martlet.Martlet.configuration.subcommands.flatMap { command in
        let name = command.configuration.commandName ?? ""
        let own = command.configuration.subcommands.map {
            [name, $0.configuration.commandName ?? ""]
        }
        return [[name]] + own
    }

    @Test(
        "the completion script of a shell knows every command and its options",
        arguments: ["bash", "zsh", "fish"]
    )
    func script(shell: String) throws {
        let result = try Martlet.run(["--generate-completion-script", shell])
        #expect(result.status == 0 && result.errors.isEmpty)
        for command in Self.commands {
            #expect(result.output.contains(try #require(command.last)), "\(command)")
        }
        for word in ["--system-root", "--sign", "--profile"] {
            let name = shell == "fish" ? String(word.dropFirst(2)) : word
            #expect(result.output.contains(name))
        }
    }

    @Test("bash reads its script and completes a command and an option with it")
    func bash() throws {
        let script = """
            source <("$0" --generate-completion-script bash) || exit 1
            COMP_WORDS=(martlet targ); COMP_CWORD=1; COMP_LINE="martlet targ"; COMP_POINT=12
            _martlet martlet targ martlet
            echo "${COMPREPLY[@]}"
            COMPREPLY=()
            COMP_WORDS=(martlet target detect --s); COMP_CWORD=3
            COMP_LINE="martlet target detect --s"; COMP_POINT=25
            _martlet martlet --s detect
            echo "${COMPREPLY[@]}"
            """
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        shell.arguments = ["-c", script, Martlet.binary.path()]
        let output = Pipe()
        shell.standardOutput = output
        try shell.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(String(decoding: bytes, as: UTF8.self) == "target\n--system-root\n")
    }

    @Test("every command has a help that says what it does and how", arguments: commands)
    func help(command: [String]) throws {
        let result = try Martlet.run(["help"] + command)
        #expect(result.status == 0 && result.errors.isEmpty)
        let overview = result.output.split(separator: "\n\n").first ?? ""
        #expect(overview.hasPrefix("OVERVIEW: "))
        #expect(overview.last == ".", "a sentence: \(overview)")
        #expect(result.output.contains("USAGE: martlet \(command.joined(separator: " "))"))
    }

    @Test("the completion scripts are documented")
    func documented() throws {
        let page = Martlet.root.appending(path: "Sources/martlet/martlet.docc/martlet.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        for shell in ["bash", "zsh", "fish"] {
            #expect(text.contains("--generate-completion-script \(shell)"))
        }
    }
}
