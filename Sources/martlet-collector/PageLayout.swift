import Hummingbird
import Terminal

/// What all pages have around them.
enum PageLayout {
    static let contentType = "text/html; charset=utf-8"

    /// A whole page.
    static func page(title: String, now: Int64, _ content: HTML) -> HTML {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title) · Martlet</title>
        <link rel="stylesheet" href="/assets/style.css">
        </head>
        <body>
        <header><a class="brand" href="/">Martlet</a><nav aria-label="Main">\
        <a href="/">Fleet</a><a href="/openapi.json">API</a><a href="/metrics">Metrics</a></nav>\
        </header>
        <main>
        \(content)
        </main>
        <footer>martlet-collector \(Version.text) · \(ServerTime.text(now))</footer>
        </body>
        </html>

        """
    }

    /// The page of a problem.
    static func page(_ problem: Problem, now: Int64) -> HTML {
        let content: HTML = """
            <h1>\(problem.code.title)</h1>
            <p>\(problem.detail ?? problem.code.rawValue) · status \(problem.code.status)</p>
            <p><a href="/">To the fleet</a></p>
            """
        return page(title: problem.code.title, now: now, content)
    }

    /// A time: how long ago, and when exactly.
    static func time(_ milliseconds: Int64?, now: Int64) -> HTML {
        guard let milliseconds else { return "<span class=\"muted\">never</span>" }
        let text = ServerTime.text(milliseconds)
        return """
            <time datetime="\(text)">\(ServerTime.relativeText(milliseconds, now: now))\
            <span class="exact">\(text)</span></time>
            """
    }

    /// A device's state as a word in its colour.
    static func badge(_ state: DeviceState) -> HTML {
        "<span class=\"badge \(state.rawValue)\">\(state.rawValue)</span>"
    }

    /// A page as a response.
    static func response(_ page: HTML, status: HTTPResponse.Status = .ok) -> Response {
        Answer.body([UInt8](page.text.utf8), contentType: contentType, status: status)
    }
}
